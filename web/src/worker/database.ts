// Database: what must outlive a power cut while the files are young: keys, the first lines, and drafts. All strict.
const NAME = "cuadrilla-cradle";
const STORES = ["keys", "lines", "facts", "drafts"] as const;
export type StoreName = (typeof STORES)[number];

let opened: Promise<IDBDatabase> | null = null;

function whenDone<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("database"));
  });
}

async function openNow(): Promise<IDBDatabase> {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => {
    for (const store of STORES) request.result.createObjectStore(store);
  };
  const database = await whenDone(request);
  // Cleared or replaced under our feet: the next use opens it again, and fails aloud if it cannot.
  database.onclose = () => { opened = null; };
  database.onversionchange = () => { database.close(); opened = null; };
  return database;
}

function database(): Promise<IDBDatabase> {
  opened ??= openNow().catch((error: unknown) => { opened = null; throw error; });
  return opened;
}

export async function read<T>(store: StoreName, key: IDBValidKey): Promise<T | undefined> {
  const transaction = (await database()).transaction(store, "readonly");
  return whenDone<T | undefined>(transaction.objectStore(store).get(key));
}

export async function readAll<T>(store: StoreName): Promise<[IDBValidKey, T][]> {
  const from = (await database()).transaction(store, "readonly").objectStore(store);
  const [keys, values] = await Promise.all([whenDone(from.getAllKeys()), whenDone<T[]>(from.getAll())]);
  return keys.map((key, at) => [key, values[at] as T]);
}

/** Writes all of these, or none. Returns when they are on the disk. */
export async function write(store: StoreName, entries: readonly (readonly [IDBValidKey, unknown])[]): Promise<void> {
  const transaction = (await database()).transaction(store, "readwrite", { durability: "strict" });
  const done = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error("database"));
  });
  const into = transaction.objectStore(store);
  for (const [key, value] of entries) {
    if (value === undefined) into.delete(key);
    else into.put(value, key);
  }
  await done;
}
