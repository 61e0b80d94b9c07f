import type { Python } from '../index.ts'

/** Packages that are called otherwise than the module that is in them. */
const PACKAGES: Readonly<Record<string, string>> = {
  attr: 'attrs',
  bs4: 'beautifulsoup4',
  Crypto: 'pycryptodome',
  cv2: 'opencv-python',
  dateutil: 'python-dateutil',
  discord: 'discord.py',
  distutils: 'setuptools',
  docx: 'python-docx',
  dotenv: 'python-dotenv',
  faiss: 'faiss-cpu',
  fitz: 'PyMuPDF',
  git: 'GitPython',
  github: 'PyGithub',
  google: 'protobuf',
  grpc: 'grpcio',
  jose: 'python-jose',
  jwt: 'PyJWT',
  kafka: 'kafka-python',
  ldap: 'python-ldap',
  magic: 'python-magic',
  multipart: 'python-multipart',
  MySQLdb: 'mysqlclient',
  nacl: 'PyNaCl',
  OpenSSL: 'pyOpenSSL',
  PIL: 'Pillow',
  pkg_resources: 'setuptools',
  pptx: 'python-pptx',
  psycopg2: 'psycopg2-binary',
  rest_framework: 'djangorestframework',
  serial: 'pyserial',
  skimage: 'scikit-image',
  sklearn: 'scikit-learn',
  slugify: 'python-slugify',
  socks: 'PySocks',
  telegram: 'python-telegram-bot',
  usb: 'pyusb',
  win32api: 'pywin32',
  wx: 'wxPython',
  yaml: 'PyYAML',
  zmq: 'pyzmq',
}

/** Modules of the standard library that Debian's and self-built Pythons may lack, and the package of Debian's that has them. */
const PARTS: Readonly<Record<string, string>> = { tkinter: 'python3-tk', _tkinter: 'python3-tk', ensurepip: 'python3-venv' }

/** How packages get into a Python. */
interface Installer {
  readonly executable: string
  readonly prefix: string
  readonly has_pip: boolean
  readonly by_uv: boolean
  readonly by_conda: boolean
  /** A system's own, into which only its own packages shall be installed. */
  readonly is_managed: boolean
}

const LOOK = `(lambda os, sys, sysconfig, util: dict(
  executable=sys.executable, prefix=sys.prefix, has_pip=util.find_spec("pip") is not None,
  by_uv="uv =" in (open(sys.prefix + "/pyvenv.cfg").read() if os.path.exists(sys.prefix + "/pyvenv.cfg") else ""),
  by_conda=os.path.isdir(sys.prefix + "/conda-meta"),
  is_managed=sys.prefix == sys.base_prefix and os.path.exists(sysconfig.get_path("stdlib") + "/EXTERNALLY-MANAGED"),
))(*map(__import__("importlib").import_module, ("os", "sys", "sysconfig", "importlib.util")))`

/** The command that installs what these modules are in, for the Python of a pool. */
export async function installCommand(py: Python, modules: readonly string[]): Promise<string> {
  return commandFor(await py.eval<Installer>(LOOK), modules)
}

export function commandFor(installer: Installer, modules: readonly string[]): string {
  const parts = [...new Set(modules.flatMap((module) => PARTS[module] ?? []))]
  const packages = [...new Set(modules.filter((module) => !(module in PARTS)).map((module) => PACKAGES[module] ?? module))]
  const commands = parts.length > 0 ? [`apt install ${parts.join(' ')}`] : []
  if (packages.length > 0) commands.push(withPackages(installer, packages.map(quoted).join(' ')))
  return commands.join(' && ')
}

function withPackages(installer: Installer, packages: string): string {
  const python = quoted(installer.executable)
  if (installer.by_conda) return `conda install --prefix ${quoted(installer.prefix)} ${packages}`
  if (installer.is_managed) return `${python} -m venv .venv && .venv/bin/python -m pip install ${packages}`
  if (installer.has_pip) return `${python} -m pip install ${packages}`
  if (installer.by_uv) return `uv pip install --python ${python} ${packages}`
  return `${python} -m ensurepip && ${python} -m pip install ${packages}`
}

function quoted(text: string): string {
  if (/^[\w@%+=:,./\\-]+$/.test(text)) return text
  return process.platform === 'win32' ? `"${text}"` : `'${text.replaceAll("'", "'\\''")}'`
}
