// Only comfort: every page does its work without this file.
const all = (selector, inside = document) => [...inside.querySelectorAll(selector)]

for (const button of all('.needs-script')) button.hidden = false

// Menus that hang over the page close with Escape, a click elsewhere, or when the focus leaves.
const menus = all('details[data-menu]')
const shut = (menu) => { menu.open = false }
addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return
  for (const menu of menus.filter((m) => m.open)) {
    shut(menu)
    menu.querySelector('summary').focus()
  }
})
addEventListener('click', (event) => {
  for (const menu of menus) if (menu.open && !menu.contains(event.target)) shut(menu)
})
for (const menu of menus) {
  menu.addEventListener('focusout', (event) => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget)) shut(menu)
  })
}

// What went wrong is read first.
document.querySelector('[data-focus]')?.focus()

// Filters send themselves; the button that does it without scripts steps back.
for (const button of all('[data-submit-button]')) button.hidden = true
addEventListener('change', (event) => {
  if (event.target.closest('[data-submit]')) event.target.form?.requestSubmit()
})

// What was left empty is no part of an address that people share.
addEventListener('formdata', (event) => {
  if (event.target.method !== 'get') return
  for (const [name, value] of [...event.formData]) if (value === '') event.formData.delete(name)
})

// Compare: as many as fit side by side, and a word on how many there are.
for (const bar of all('[data-compare]')) {
  const most = Number(bar.dataset.compare)
  const boxes = [...bar.elements].filter((box) => box.type === 'checkbox')
  const update = () => {
    const chosen = boxes.filter((box) => box.checked).length + all('input[type=hidden]', bar).length
    for (const box of boxes) box.disabled = !box.checked && chosen >= most
    for (const text of all('[data-compare-full]', bar)) text.hidden = chosen < most
    for (const text of all('[data-compare-count]', bar)) text.textContent = chosen
    bar.classList.toggle('compare-active', chosen > 0)
  }
  for (const box of boxes) box.addEventListener('change', update)
  update()

  // What is picked goes along to the next list.
  const list = (address) => new URL(address, location).pathname.endsWith('/servizi')
  const carry = (values) => {
    const before = (values.get('confronta') ?? '').split(',').filter((slug) => slug && !boxes.some((box) => box.value === slug))
    const now = [...before, ...boxes.filter((box) => box.checked).map((box) => box.value)].join(',')
    if (now) values.set('confronta', now)
    else values.delete('confronta')
  }
  addEventListener('formdata', (event) => { if (list(event.target.action)) carry(event.formData) })
  addEventListener('click', (event) => {
    const link = event.target.closest('a[href]')
    if (!link || !list(link.href)) return
    const url = new URL(link.href)
    carry(url.searchParams)
    link.href = url
  })
}

for (const button of all('[data-print]')) button.addEventListener('click', () => print())

for (const button of all('[data-copy]')) {
  const text = button.querySelector('span')
  const before = text.textContent
  text.setAttribute('role', 'status')
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(button.dataset.copy)
    text.textContent = button.dataset.copied
    setTimeout(() => { text.textContent = before }, 4000)
  })
}

// A form half written is not left by mistake.
for (const form of all('form[data-unsaved]')) {
  let changed = false
  form.addEventListener('input', () => { changed = true })
  form.addEventListener('submit', () => { changed = false })
  addEventListener('beforeunload', (event) => { if (changed) event.preventDefault() })
}

// One press is enough.
addEventListener('submit', (event) => {
  const form = event.target
  if (form.method !== 'post') return
  if (form.dataset.sent) return event.preventDefault()
  form.dataset.sent = '1'
  event.submitter?.setAttribute('aria-busy', 'true')
  setTimeout(() => {
    delete form.dataset.sent
    event.submitter?.removeAttribute('aria-busy')
  }, 8000)
})
addEventListener('pageshow', () => { for (const form of document.forms) delete form.dataset.sent })

// The index of a long page shows where one is.
const index = new Map(all('.index-list a').map((link) => [link.hash.slice(1), link]))
if (index.size) {
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue
      for (const link of index.values()) link.removeAttribute('aria-current')
      index.get(entry.target.id).setAttribute('aria-current', 'true')
    }
  }, { rootMargin: '0px 0px -70% 0px' })
  for (const id of index.keys()) {
    const part = document.getElementById(id)
    if (part) seen.observe(part)
  }
}

// In a queue the arrows go up and down.
addEventListener('keydown', (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  const queue = step && event.target.closest?.('.queue')
  if (!queue) return
  const links = all('a', queue)
  links[links.indexOf(event.target.closest('a')) + step]?.focus()
  event.preventDefault()
})
