import { Html } from './html.ts'
import { properties } from './theme.ts'

export const STYLE: Html = new Html(`
:root { color-scheme: light dark; ${properties('light')} }
@media (prefers-color-scheme: dark) { :root { ${properties('dark')} } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body { margin: 0 auto; padding: 2.5rem clamp(1rem, 3vw, 2.5rem) 4rem; max-width: 80rem; background: var(--page); color: var(--text);
  font: 15px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; font-variant-numeric: tabular-nums; }
h1 { margin: 0 0 .5rem; font-size: clamp(1.6rem, 4vw, 2.2rem); line-height: 1.15; letter-spacing: -.02em; }
h2 { margin: 0 0 .25rem; font-size: 1.35rem; line-height: 1.25; letter-spacing: -.01em; }
h3 { margin: 0; font-size: 1rem; line-height: 1.35; }
p { margin: 0; max-width: 46rem; }
a { color: var(--ours); }
section { padding-top: 2.5rem; }
.lead { color: var(--muted); }
.lead strong { color: var(--text); }
.muted { color: var(--muted); font-weight: normal; }
.good { color: var(--good); }
.bad { color: var(--bad); }
.facts { display: flex; flex-wrap: wrap; gap: .75rem 2.25rem; margin: 1.5rem 0 0; }
.facts dt { color: var(--muted); font-size: .8rem; }
.facts dd { margin: 0; overflow-wrap: anywhere; }
nav ul, .legend { display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; margin: 0; padding: 0; list-style: none; }
nav { margin-top: 1.5rem; padding: .75rem 0; border-block: 1px solid var(--edge); }
.legend { color: var(--muted); font-size: .8rem; }
.legend li { display: inline-flex; align-items: center; gap: .4rem; }
.legend svg { flex: none; width: .9rem; height: .9rem; }
nav + .legend { margin-top: .75rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 10.5rem), 1fr)); gap: .75rem; margin: 1.5rem 0 0; padding: 0; list-style: none; }
.tiles li { padding: .9rem 1rem; border: 1px solid var(--edge); border-radius: .5rem; background: var(--raised); }
.tiles b { display: block; font-size: 1.6rem; line-height: 1.25; letter-spacing: -.02em; }
.tiles span { display: block; color: var(--muted); font-size: .8rem; line-height: 1.4; }
.figures-grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 33rem), 1fr)); gap: 2rem 3rem; margin-top: 1.25rem; }
figure { min-width: 0; margin: 0; }
figcaption p { color: var(--muted); font-size: .85rem; }
figure .legend { margin-top: .4rem; }
.scroll { overflow-x: auto; max-width: 100%; }
.chart { margin-top: .5rem; }
.chart svg { display: block; width: 100%; min-width: 29rem; max-width: 42rem; height: auto; }
.chart svg text { font-family: inherit; }
.note { margin-top: .35rem; color: var(--muted); font-size: .8rem; line-height: 1.45; overflow-wrap: anywhere; }
.note.bad { color: var(--bad); }
details { margin-top: .4rem; font-size: .85rem; }
summary { width: fit-content; color: var(--muted); cursor: pointer; }
table { border-collapse: collapse; margin-top: .5rem; font-size: .85rem; line-height: 1.4; }
th, td { padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--edge); text-align: right; vertical-align: baseline; white-space: nowrap; }
th { font-weight: normal; }
thead th { color: var(--muted); font-size: .8rem; }
tbody th, th:first-child, td.text, th.text { text-align: left; }
td.long { white-space: normal; min-width: 12rem; overflow-wrap: anywhere; }
.targets { width: 100%; }
.targets .group th { padding-top: 1rem; font-weight: 600; }
.targets tr:not(.group) th { padding-left: 1rem; }
.sides { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 1fr); gap: 1rem 3rem; align-items: start; }
@media (max-width: 52rem) { .sides { grid-template-columns: minmax(0, 1fr); } }
pre { overflow-x: auto; margin: .25rem 0 1rem; padding: .75rem 1rem; border-radius: .5rem; background: var(--raised); font-size: .8rem; line-height: 1.45; }
#failed h3 { margin-top: 1rem; }
:focus-visible { outline: 2px solid var(--ours); outline-offset: 2px; }
@media print { details:not([open]) > :not(summary) { display: none; } figure { break-inside: avoid; } }
`)
