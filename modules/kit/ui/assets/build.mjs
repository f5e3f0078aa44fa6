// Builds the browser assets: styles from SCSS with unused rules dropped, one script, subset fonts. Everything gets its hash in its name and
// stands compressed beside itself, so that the server only hands out bytes.
import { createHash } from 'node:crypto'
import { readFile, readdir, rm, writeFile, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build, transform } from 'esbuild'
import { PurgeCSS } from 'purgecss'
import * as sass from 'sass'
import subsetFont from 'subset-font'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '../../../..')
const src = join(here, 'src')
const dist = join(here, 'dist')
const packages = join(root, 'node_modules')

// Each face comes in parts, and a browser fetches only those whose letters are on the page: what Italian needs, what is left of Latin-1, and
// the letters of names from further east.
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => String.fromCodePoint(from + i)).join('')
const italian = range(0x20, 0x7e) + '\u00a0àèéìíòóùúÀÈÉÌÍÒÓÙÚçü·°«»×–—‘’“”„•…€−'
const western = [...range(0xa1, 0xff)].filter((letter) => !italian.includes(letter)).join('') + 'ŒœŸ‹›'
const eastern = range(0x100, 0x17f) + 'ȘșȚț'

const parts = { '': ['latin', italian], '-west': ['latin', western], '-east': ['latin-ext', eastern] }
const faces = [
  { family: 'Titillium Web', weight: 400, name: 'titillium-400', file: (set) => `@fontsource/titillium-web/files/titillium-web-${set}-400-normal.woff2` },
  { family: 'Titillium Web', weight: '600 700', name: 'titillium-600', file: (set) => `@fontsource/titillium-web/files/titillium-web-${set}-600-normal.woff2` },
  { family: 'Lora', weight: 400, name: 'lora-400', file: (set) => `@fontsource/lora/files/lora-${set}-400-normal.woff2` },
]
const unicodeRange = (text) => [...text].map((letter) => letter.codePointAt(0)).sort((a, b) => a - b)
  .reduce((runs, c) => {
    if (runs.length && runs.at(-1)[1] === c - 1) runs.at(-1)[1] = c
    else runs.push([c, c])
    return runs
  }, [])
  .map(([from, to]) => 'U+' + from.toString(16) + (to > from ? '-' + to.toString(16) : ''))
  .join(',')

const manifest = {}
const sizes = []

async function put(name, body) {
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 12)
  const full = name.replace(/(\.[a-z0-9]+)$/, `.${hash}$1`)
  manifest[name] = full
  await writeFile(join(dist, full), body)
  const size = { name, plain: body.length }
  if (!name.endsWith('.woff2')) {
    const br = brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } })
    const gz = gzipSync(body, { level: 9 })
    await writeFile(join(dist, full + '.br'), br)
    await writeFile(join(dist, full + '.gz'), gz)
    Object.assign(size, { br: br.length, gz: gz.length })
  }
  sizes.push(size)
  return full
}

await mkdir(dist, { recursive: true })
for (const old of await readdir(dist)) if (old !== '.placeholder') await rm(join(dist, old))

let fontFaces = ''
for (const face of faces) {
  for (const [part, [set, letters]] of Object.entries(parts)) {
    const body = await subsetFont(await readFile(join(packages, face.file(set))), letters, { targetFormat: 'woff2' })
    const full = await put(`${face.name}${part}.woff2`, body)
    fontFaces += `@font-face{font-family:"${face.family}";font-weight:${face.weight};font-display:swap;src:url(/static/${full}) format("woff2");unicode-range:${unicodeRange(letters)}}`
  }
}

const compile = (file) => sass.compile(join(src, file), {
  loadPaths: [packages],
  quietDeps: true,
  silenceDeprecations: ['import', 'global-builtin', 'color-functions', 'if-function', 'function-units', 'slash-div'],
}).css
const house = compile('app.scss')
const [bootstrap] = await new PurgeCSS().purge({
  css: [{ raw: compile('bootstrap.scss') }],
  content: [join(root, 'modules/**/*.templ'), join(root, 'modules/kit/ui/*.go'), { raw: house, extension: 'css' }],
  // Class names are quoted words in templ and Go; nothing cleverer is needed.
  defaultExtractor: (text) => text.match(/[A-Za-z0-9_-]+/g) ?? [],
  variables: true,
})
const bundle = await transform(fontFaces + bootstrap.css + house, { loader: 'css', minify: true, target: ['chrome100', 'firefox100', 'safari15.4'] })
await put('app.css', Buffer.from(bundle.code))

const js = await build({ entryPoints: [join(src, 'app.js')], bundle: true, minify: true, format: 'esm', target: 'es2020', write: false })
await put('app.js', Buffer.from(js.outputFiles[0].contents))

await writeFile(join(dist, 'manifest.json'), JSON.stringify(manifest, null, 2) + '\n')
console.table(sizes)
