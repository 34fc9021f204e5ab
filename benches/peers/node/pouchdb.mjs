// PouchDB with LevelDB as a device, and express-pouchdb over the same as its CouchDB-compatible server; a JSON document an order.
import { mkdirSync } from "node:fs"
import { Agent } from "node:http"
import { join } from "node:path"

import express from "express"
import expressPouchDB from "express-pouchdb"
import PouchDB from "pouchdb"

import { changes, hasCome, isIn, newOrder, obey, read, say, watch } from "./workload.mjs"

/** More than the documents that changed, so that they are one batch: fewer requests than the default of 100. */
const BATCH_SIZE = 1000
/** Connections kept open between requests, as browsers do; the client's default in Node is a new one each time. */
const agent = new Agent({ keepAlive: true })

const open = (folder, name) => {
  mkdirSync(join(folder, name), { recursive: true })
  return new PouchDB(join(folder, name, "orders"))
}

const remote = port =>
  new PouchDB(`http://127.0.0.1:${port}/orders`, {
    fetch: (url, options) => PouchDB.fetch(url, { ...options, agent }),
  })

/** The documents, on the device; the server gets them at the first connection. */
const make = async folder => {
  const { orders } = read(folder, "workload.json")
  const db = open(folder, "device")
  for (let at = 0; at < orders.length; at += BATCH_SIZE) {
    await db.bulkDocs(orders.slice(at, at + BATCH_SIZE).map(order => ({ _id: order.folio, ...newOrder(order) })))
  }
  await db.close()
  await open(folder, "server").close()
  say({ made: orders.length })
}

/** The visits, each on its side, without a connection: one put a change. */
const apart = async folder => {
  const { orders, visits } = read(folder, "workload.json")
  for (const [name, own] of [["device", true], ["server", false]]) {
    const db = open(folder, name)
    for (const visit of visits.filter(visit => visit.own === own)) {
      for (const change of changes(visit)) {
        const doc = await db.get(orders[visit.order].folio)
        change(doc)
        await db.put(doc)
      }
    }
    await db.close()
  }
  say({ visited: visits.length })
}

const serve = async (folder, port) => {
  mkdirSync(join(folder, "server"), { recursive: true })
  const Prefixed = PouchDB.defaults({ prefix: `${join(folder, "server")}/` })
  const app = express()
  app.use("/", expressPouchDB(Prefixed, { mode: "minimumForPouchDB", inMemoryConfig: true }))
  const db = new Prefixed("orders")
  await new Promise(done => app.listen(port, "127.0.0.1", done))
  await attend(folder, db, true)
  say({ ready: port })
}

const device = async (folder, port) => {
  const db = open(folder, "device")
  const { doc_count } = await db.info()
  say({ open: doc_count })
  await attend(folder, db, false)
  await db.sync(remote(port), { batch_size: BATCH_SIZE })
}

/** Says when the visits of the other side are all here, then does as it is told. */
const attend = async (folder, db, own) => {
  const { orders, visits } = read(folder, "workload.json")
  const wanted = new Set(visits.filter(visit => visit.own === own).map(visit => orders[visit.order].folio))
  const come = new Set()
  const { update_seq } = await db.info()
  const feed = db.changes({ live: true, since: update_seq, include_docs: true })
  feed.on("change", ({ id, doc }) => {
    if (wanted.has(id) && hasCome(doc)) come.add(id)
  })
  watch([...wanted], id => come.has(id))
  const verify = async () => {
    const { rows } = await db.allDocs({ include_docs: true })
    const found = new Map(rows.map(row => [row.id, row.doc]))
    return {
      orders: orders.filter(order => found.get(order.folio)?.title === order.title).length,
      visits: visits.filter(visit => isIn(visit, found.get(orders[visit.order].folio))).length,
    }
  }
  obey(verify, () => db.close())
}

const [verb, folder, port] = process.argv.slice(2)
await { make, apart, serve, device }[verb](folder, Number(port))
