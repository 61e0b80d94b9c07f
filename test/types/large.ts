// Types that are large, recursive or both: none makes the compiler give up (TS2589), or work for long.
import { kw, type Python, type Remote, type SyncRemote } from 'pythreads'
import { check, type Same } from './check.js'

/** 17 times 17 methods. */
type Letter =
  | 'a'
  | 'b'
  | 'c'
  | 'd'
  | 'e'
  | 'f'
  | 'g'
  | 'h'
  | 'i'
  | 'j'
  | 'k'
  | 'l'
  | 'm'
  | 'n'
  | 'o'
  | 'p'
  | 'q'
type Large = {
  [K in `${Letter}${Letter}`]: (
    self: Large,
    a: number,
    b?: string,
    c?: Large[],
    d?: (one: Large) => Large,
  ) => Large
}

interface Tree {
  readonly left: Tree | null
  readonly right: Tree
  readonly children: Tree[]
  readonly pair: [Tree, Tree]
  readonly byName: Map<string, Tree>
  readonly self: { readonly self: Tree; again(): Tree }
  walk(
    visit: (tree: Tree, next: (tree: Tree) => Tree) => Tree | null,
    ...more: Tree[]
  ): Iterable<Tree>
  each(): Generator<Tree, Tree, Tree>
  kind: new (tree?: Tree, ...trees: Tree[]) => Tree
  later(): Promise<Promise<Tree[]>>
}
interface Trees extends AsyncIterable<Trees> {}
interface Lazy extends PromiseLike<Lazy[]> {}
type Json = string | number | boolean | null | Json[] | { [name: string]: Json }
type List = [number, List] | null
type Fn = (next: Fn, ...more: Fn[]) => Fn

interface Module {
  large: Large
  tree: Tree
  Large: new (parts: Large[]) => Large
  Tree: { new (): Tree; new (tree: Tree): Tree; root: Tree; Tree: Module['Tree'] }
  module: Module
  trees(trees: Trees): Trees
  lazy(): Lazy
  json(value: Json): Json
  list(value: List): List
  fn(fn: Fn): Fn
  many(
    ...args: [
      a?: 1,
      b?: 2,
      c?: 3,
      d?: 4,
      e?: 5,
      f?: 6,
      g?: 7,
      h?: 8,
      i?: 9,
      j?: 10,
      k?: 11,
      l?: 12,
      m?: 13,
      n?: 14,
      o?: 15,
      p?: 16,
    ]
  ): number
}

declare const py: Python
const module = py.import<Module>('module')
const large = await new module.Large([await module.large])
check<Same<typeof large, Remote<Large>>>()
const other = await (await large.aa(large, 1)).qq(large, 1, kw({ c: [], d: null }))
check<Same<typeof other, Remote<Large>>>()
await large.ab(other, 1, 'a', [large], async (one) => one.aa(one, 1))
const tree =
  await module.module.module.module.Tree.Tree.root.right.right.self.self.right.self.again()
check<Same<typeof tree, Remote<Tree>>>()
for await (const one of await tree.each()) check<Same<typeof one, Remote<Tree>>>()
for await (const one of await tree.walk((one, next) => next(one))) await one.children
const children = [
  await tree.children,
  await tree.pair,
  await (await new tree.kind(tree)).later(),
] as const
check<
  Same<typeof children, readonly [Remote<Tree>[], [Remote<Tree>, Remote<Tree>], Remote<Tree>[]]>
>()
const json = await module.json({ a: [1, { b: null }] })
check<Same<typeof json, Json>>()
const list = await module.list([1, [2, null]])
check<Same<typeof list, List>>()
const fn = await module.fn((next) => next)
await (await fn(fn))(fn, fn)
await module.many(1, 2, 3, kw({ p: 16 }))
await module.many(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, kw({}))
const trees = await module.trees({} as Trees)
for await (const one of trees) void one

declare const sync: SyncRemote<Module>
const here = sync.Tree.Tree.root.right.self.again()
check<Same<typeof here, SyncRemote<Tree>>>()
for (const one of here.each()) check<Same<typeof one, SyncRemote<Tree>>>()
export const assigned: [Remote<Large>, Remote<Tree>, SyncRemote<Tree>] = [other, tree, here]
