// Commands: the types that page and worker share. Types only: no code of the page comes into the worker.
export type { Args, Answer, CoreCommands, Name, News, Opened, Reply, Request, WorkerCommands } from "../client/protocol";
export type { Enrolled, Preview } from "../client/views";
