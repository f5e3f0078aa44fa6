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

// What people's names and Italian need: Latin-1, the letters of our newer neighbours, money, arrows, typographic marks.
const letters = (() => {
  let text = ''
  for (let c = 0x20; c < 0x7f; c++) text += String.fromCharCode(c)
  for (let c = 0xa0; c < 0x100; c++) text += String.fromCharCode(c)
  return text + 'ĂăÂâÎîȘșȚțĆćČčĐđŠšŽžŁłŃńŚśŹźŻżĘęĄąŐőŰűŒœŸ–—‘’‚“”„•…‹›€−→←×≥≤'
})()

const fonts = {
  'titillium-400.woff2': '@fontsource/titillium-web/files/titillium-web-latin-400-normal.woff2',
  'titillium-600.woff2': '@fontsource/titillium-web/files/titillium-web-latin-600-normal.woff2',
  'lora-400.woff2': '@fontsource/lora/files/lora-latin-400-normal.woff2',
}

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

for (const [name, file] of Object.entries(fonts)) {
  await put(name, await subsetFont(await readFile(join(packages, file)), letters, { targetFormat: 'woff2' }))
}

const compiled = sass.compile(join(src, 'app.scss'), {
  loadPaths: [packages],
  quietDeps: true,
  silenceDeprecations: ['import', 'global-builtin', 'color-functions', 'if-function', 'mixed-decls', 'function-units', 'slash-div'],
})
const [purged] = await new PurgeCSS().purge({
  css: [{ raw: compiled.css }],
  content: [join(root, 'modules/**/*.templ'), join(root, 'modules/kit/ui/*.go'), join(src, 'app.js')],
  safelist: { greedy: [/^:/, /^\[/] },
  // Class names are quoted words in templ and Go; nothing cleverer is needed.
  defaultExtractor: (text) => text.match(/[A-Za-z0-9_-]+/g) ?? [],
  variables: true,
  fontFace: false,
})
const withFonts = purged.css.replace(/url\("?([a-z0-9-]+\.woff2)"?\)/g, (_, name) => `url(/static/${manifest[name]})`)
const css = await transform(withFonts, { loader: 'css', minify: true, target: ['chrome100', 'firefox100', 'safari15.4'] })
await put('app.css', Buffer.from(css.code))

const js = await build({ entryPoints: [join(src, 'app.js')], bundle: true, minify: true, format: 'esm', target: 'es2020', write: false })
await put('app.js', Buffer.from(js.outputFiles[0].contents))

await writeFile(join(dist, 'manifest.json'), JSON.stringify(manifest, null, 2) + '\n')
console.table(sizes)
