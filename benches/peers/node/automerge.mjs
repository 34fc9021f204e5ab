// automerge-repo as a device and as a server: WebSocket adapters, NodeFS storage, one document an order.
// A server as @automerge/automerge-repo-sync-server is one: it shares what it is asked for by id.
import { writeFileSync } from "node:fs"
import { join } from "node:path"

import { Repo } from "@automerge/automerge-repo"
import { WebSocketClientAdapter, WebSocketServerAdapter } from "@automerge/automerge-repo-network-websocket"
import { NodeFSStorageAdapter } from "@automerge/automerge-repo-storage-nodefs"
import { WebSocketServer } from "ws"

import { changes, hasCome, isIn, newOrder, obey, read, say, watch } from "./workload.mjs"

/** Documents made by one repo. */
const MADE_AT_ONCE = 250
/** Documents looked up at the same time. */
const FINDS_AT_ONCE = 100

const open = (folder, name, network = []) =>
  new Repo({
    storage: new NodeFSStorageAdapter(join(folder, name)),
    network,
    peerId: name,
    ...(name === "server" ? { sharePolicy: async () => false } : {}),
  })

const findAll = async (repo, ids) => {
  const handles = []
  for (let at = 0; at < ids.length; at += FINDS_AT_ONCE) {
    handles.push(...(await Promise.all(ids.slice(at, at + FINDS_AT_ONCE).map(id => repo.find(id)))))
  }
  return handles
}

/**
 * The documents, on the server; the device gets copies of its files, and its sync state at its first connection. A repo for
 * each batch: making one takes longer the more a repo and its storage adapter hold already.
 */
const make = async folder => {
  const { orders } = read(folder, "workload.json")
  const ids = []
  for (let at = 0; at < orders.length; at += MADE_AT_ONCE) {
    const repo = open(folder, "server")
    const made = orders.slice(at, at + MADE_AT_ONCE).map(order => repo.create(newOrder(order)).documentId)
    await repo.flush()
    ids.push(...made)
  }
  writeFileSync(join(folder, "ids.json"), JSON.stringify(ids))
  say({ made: ids.length })
  process.exit(0)
}

/** The visits, each on its side, without a connection. */
const apart = async folder => {
  const { visits } = read(folder, "workload.json")
  const ids = read(folder, "ids.json")
  for (const [name, own] of [["device", true], ["server", false]]) {
    const repo = open(folder, name)
    for (const visit of visits.filter(visit => visit.own === own)) {
      const handle = await repo.find(ids[visit.order])
      for (const change of changes(visit)) handle.change(change)
    }
    await repo.flush()
  }
  say({ visited: visits.length })
  process.exit(0)
}

const serve = async (folder, port) => {
  const sockets = new WebSocketServer({ port, host: "127.0.0.1" })
  const repo = open(folder, "server", [new WebSocketServerAdapter(sockets)])
  await new Promise(done => sockets.once("listening", done))
  await attend(folder, repo, true)
  say({ ready: port })
}

const device = async (folder, port) => {
  const repo = open(folder, "device")
  const handles = await findAll(repo, read(folder, "ids.json"))
  say({ open: handles.length })
  repo.networkSubsystem.addNetworkAdapter(new WebSocketClientAdapter(`ws://127.0.0.1:${port}/`))
  await attend(folder, repo, false)
}

/** Says when the visits of the other side are all here, then does as it is told. */
const attend = async (folder, repo, own) => {
  const { orders, visits } = read(folder, "workload.json")
  const ids = read(folder, "ids.json")
  const wanted = visits.filter(visit => visit.own === own)
  const handles = await findAll(repo, wanted.map(visit => ids[visit.order]))
  watch(handles, handle => hasCome(handle.doc()))
  const verify = async () => {
    const found = await findAll(repo, ids)
    return {
      orders: orders.filter((order, at) => `${found[at].doc().title}` === order.title).length,
      visits: visits.filter(visit => isIn(visit, found[visit.order].doc())).length,
    }
  }
  obey(verify, () => repo.flush())
}

const [verb, folder, port] = process.argv.slice(2)
await { make, apart, serve, device }[verb](folder, Number(port))
