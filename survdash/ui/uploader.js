// Sends large files to the app's own address in pieces. What is going on is kept on the window, not in the element,
// so that it outlives the page's reruns and a look at another page.
const PIECE_BYTES = 16 * 1024 * 1024
const LONGEST_WAIT_S = 30
const running = (window.survdashUploads ??= new Map())

class Refused extends Error {}
class Conflict extends Error {}

function markOf(file) {
  return `${file.name}|${file.size}|${file.lastModified}`
}

function sizeWords(bytes) {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : `${Math.max(bytes / 1e6, 0.1).toFixed(1)} MB`
}

function timeWords(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`
  return `${Math.round(seconds / 60)} min`
}

function ask(upload, method, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    upload.request = request
    request.open(method, upload.address)
    request.setRequestHeader("X-Survdash-Grant", upload.slot.grant)
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value)
    request.upload.onprogress = (event) => upload.show(event.loaded)
    request.onerror = () => reject(new Error("connection"))
    request.onabort = () => reject(new Refused(""))
    request.onload = () => {
      let answer = {}
      try {
        answer = JSON.parse(request.responseText)
      } catch {}
      if (request.status === 200) {
        upload.slot.grant = answer.grant
        resolve(answer)
      } else if (request.status === 409) reject(new Conflict())
      else if (request.status >= 500 || request.status === 0 || !answer.message) reject(new Error("connection"))
      else reject(new Refused([answer.message, answer.hint].filter(Boolean).join(" ")))
    }
    request.send(body)
  })
}

// The page draws itself anew once it is told. Between two drawings nobody listens: then the next one passes it on.
function tell(state, what) {
  if (state.tell) state.tell(what)
  else state.untold = what
}

async function wait(upload, seconds) {
  for (let left = seconds; left > 0 && !upload.cancelled; left--) {
    upload.note = upload.words.again.replace("{seconds}", left)
    upload.draw()
    await new Promise((resolve) => setTimeout(resolve, 1000))
  }
  upload.note = ""
}

async function send(upload) {
  const { file } = upload
  let tries = 0
  let isKnown = false
  while (!upload.cancelled) {
    try {
      if (!isKnown) {
        const said = JSON.stringify({ name: file.name, size: file.size, mark: markOf(file) })
        upload.offset = (await ask(upload, "POST", said)).offset
        upload.began ??= { at: performance.now(), offset: upload.offset }
        isKnown = true
        upload.tell("begun")
      }
      const piece = file.slice(upload.offset, upload.offset + PIECE_BYTES)
      const answer = await ask(upload, "PUT", piece, { "X-Survdash-Offset": String(upload.offset) })
      upload.offset = answer.offset
      tries = 0
      upload.show(0)
      if (answer.done) return
    } catch (error) {
      if (error instanceof Refused) throw error
      isKnown = false // where to go on is asked anew
      tries += 1
      await wait(upload, Math.min(LONGEST_WAIT_S, 2 ** tries))
    }
  }
  throw new Refused("")
}

function begin(state, file, slot) {
  const upload = {
    file, slot, address: state.data.address, words: state.data.words, offset: 0, note: "", sent: 0, cancelled: false,
    draw: () => running.get(state.key)?.draw?.(),
    tell: (what) => tell(state, what),
    show(loaded) {
      upload.sent = loaded
      upload.draw()
    },
  }
  return upload
}

async function work(state) {
  if (state.busy) return
  state.busy = true
  while (state.waiting.length) {
    const file = state.waiting.shift()
    const slot = state.slots.shift()
    if (!slot) {
      state.error = state.data.words.full
      state.waiting = []
      break
    }
    state.current = begin(state, file, slot)
    state.draw?.()
    try {
      await send(state.current)
    } catch (error) {
      if (error.message) state.error = error.message
      state.slots.unshift(slot)
    }
    state.current = null
    state.draw?.()
    tell(state, "arrived")
  }
  state.busy = false
}

function take(state, files) {
  const tooLarge = [...files].find((file) => file.size > state.data.limit)
  state.error = tooLarge ? state.data.words.large.replace("{name}", tooLarge.name) : ""
  state.waiting.push(...[...files].filter((file) => file.size <= state.data.limit))
  state.draw?.()
  work(state)
}

async function cancel(state) {
  const upload = state.current
  if (!upload) return
  upload.cancelled = true
  upload.request?.abort()
  state.waiting = []
  // The server may still be busy with the piece that was just broken off.
  for (let tries = 0; tries < 20; tries++) {
    try {
      await ask(upload, "DELETE")
      break
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 300))
    }
  }
  tell(state, "arrived")
}

function drawInto(root, state) {
  const find = (name) => root.querySelector(`[data-part=${name}]`)
  const { data, current: upload } = state
  const words = data.words
  find("choose").textContent = words.choose
  find("hint").textContent = state.resume || words.hint
  find("idle").hidden = Boolean(upload)
  find("busy").hidden = !upload
  find("error").hidden = !state.error
  find("error").textContent = state.error
  const input = find("input")
  input.accept = data.suffixes.map((suffix) => `.${suffix}`).join(",")
  input.multiple = state.slots.length > 1
  if (!upload) return
  const here = Math.min(upload.file.size, upload.offset + upload.sent)
  const share = Math.floor((100 * here) / upload.file.size)
  const bar = find("bar")
  bar.setAttribute("aria-valuenow", share)
  bar.setAttribute("aria-label", upload.file.name)
  bar.firstElementChild.style.width = `${share}%`
  find("name").textContent = upload.file.name
  find("cancel").textContent = words.cancel
  const seconds = upload.began ? (performance.now() - upload.began.at) / 1000 : 0
  const moved = upload.began ? here - upload.began.offset : 0
  const left = seconds > 2 && moved > 0 ? ((upload.file.size - here) * seconds) / moved : null
  const parts = [`${share} %`, `${sizeWords(here)} / ${sizeWords(upload.file.size)}`]
  if (left !== null && !upload.note) parts.push(words.left.replace("{time}", timeWords(left)))
  if (upload.note) parts.push(upload.note)
  if (state.waiting.length) parts.push(words.more.replace("{count}", state.waiting.length))
  find("status").textContent = parts.join(" · ")
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const root = parentElement.querySelector(".uploader")
  let state = running.get(data.key)
  if (!state) {
    state = { key: data.key, waiting: [], current: null, busy: false, error: "" }
    running.set(data.key, state)
  }
  state.data = data
  state.resume = data.resume
  if (!state.busy) state.slots = [...data.slots]
  state.draw = () => drawInto(root, state)
  state.tell = (what) => setTriggerValue(what, Date.now())
  const input = root.querySelector("[data-part=input]")
  const drop = root.querySelector("[data-part=idle]")
  root.querySelector("[data-part=choose]").onclick = () => input.click()
  root.querySelector("[data-part=cancel]").onclick = () => cancel(state)
  input.onchange = () => {
    take(state, input.files)
    input.value = ""
  }
  drop.ondragover = (event) => {
    event.preventDefault()
    drop.classList.add("over")
  }
  drop.ondragleave = () => drop.classList.remove("over")
  drop.ondrop = (event) => {
    event.preventDefault()
    drop.classList.remove("over")
    take(state, event.dataTransfer.files)
  }
  state.draw()
  if (state.untold) {
    state.tell(state.untold)
    state.untold = ""
  }
  const { draw } = state
  return () => {
    if (state.draw !== draw) return // Streamlit ends a drawing that was overtaken after the next one has begun
    state.draw = null // the page is gone; the upload goes on
    state.tell = null
  }
}
