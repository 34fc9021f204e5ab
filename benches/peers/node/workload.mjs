// The workload as `cargo xtask peers` writes it down, and the lines by which it drives a peer.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"

/** Lists of an order, made with it. */
const LISTS = ["checklist", "notes", "measurements", "materials", "photos", "visits"]

/** How often what is missing is looked for, in milliseconds. */
const POLL_MS = 20

export const read = (folder, name) => JSON.parse(readFileSync(join(folder, name), "utf8"))

export const say = what => process.stdout.write(`${JSON.stringify(what)}\n`)

/** An order as the office made it. */
export const newOrder = order => ({
  type: "order",
  folio: order.folio,
  kind: order.kind,
  title: order.title,
  locality: order.locality,
  crew: order.crew,
  due: order.due,
  priority: order.priority,
  status: "assigned",
  origin: "import",
  fields: {},
  ...Object.fromEntries(LISTS.map(key => [key, []])),
})

const measured = ([what, value, unit]) => doc => {
  doc.measurements.push({ what, value, unit })
}

/** A visit's six changes, each a function of the document. */
export const changes = visit => [
  doc => {
    doc.status = "in_progress"
  },
  doc => {
    doc.notes.push({ text: visit.note })
  },
  measured(visit.measurements[0]),
  measured(visit.measurements[1]),
  doc => {
    const [material, quantity, unit] = visit.material
    doc.materials.push({ material, quantity, unit })
  },
  measured(visit.measurements[2]),
]

/** Whether all six changes are there, by what they leave. */
export const hasCome = doc =>
  doc?.status === "in_progress" &&
  doc.notes.length === 1 &&
  doc.measurements.length === 3 &&
  doc.materials.length === 1

/** Whether every value is the one that was written. */
export const isIn = (visit, doc) => {
  const [material, quantity, unit] = visit.material
  return (
    hasCome(doc) &&
    `${doc.notes[0].text}` === visit.note &&
    same(doc.materials[0], { material, quantity, unit }) &&
    visit.measurements.every(([what, value, unit], at) => same(doc.measurements[at], { what, value, unit }))
  )
}

const same = (found, wanted) => Object.entries(wanted).every(([key, value]) => `${found[key]}` === value)

/** Answers `verify` and ends at the end of standard input. */
export const obey = (verify, end) => {
  const lines = createInterface({ input: process.stdin })
  lines.on("line", async line => {
    if (line === "verify") say(await verify())
  })
  lines.on("close", async () => {
    await end()
    process.exit(0)
  })
}

/** Looks until `isThere` holds of everything in `wanted`, then says so. */
export const watch = (wanted, isThere) => {
  let missing = wanted
  const timer = setInterval(() => {
    missing = missing.filter(one => !isThere(one))
    if (missing.length > 0) return
    clearInterval(timer)
    say({ has_all: wanted.length })
  }, POLL_MS)
}
