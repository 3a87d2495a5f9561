import { createServer, type Socket } from "node:net";

// The module uses file descriptors from this number up for sockets, as indexes into a table of about 10,000.
const firstFd = 4096;
const maxConnections = 4000;
const readable = 1;
const writable = 2;
const maxUnreadBytes = 1 << 20;
const maxPassesPerTick = 64;
const closeTimeoutMs = 2_000;

type Connection = { socket: Socket; unread: Buffer[]; offset: number; unreadBytes: number; hasEnded: boolean };

/**
 * Creates the "host" imports of valkey.wasm over node:net, and the loop that runs the module whenever a socket is
 * ready.
 */
export function createValkeyBridge(host: string, onFailure: (error: unknown) => void) {
  const connections = new Map<number, Connection>();
  const freeFds: number[] = [];
  const accepted: number[] = [];
  let nextFd = firstFd;
  let listenerFd = 0;
  let memory: WebAssembly.Memory | undefined;
  let step = () => {};
  let firedCount = 0;
  let isScheduled = false;

  const bytes = (pointer: number, length: number) => Buffer.from(memory?.buffer ?? new ArrayBuffer(0), pointer, length);
  const takeFd = () => freeFds.pop() ?? nextFd++;

  // One pass reads a command and the next one writes the response: repeat until a pass finds nothing ready.
  function run() {
    isScheduled = false;
    try {
      for (let pass = 0; pass < maxPassesPerTick; pass++) {
        firedCount = 0;
        step();
        if (firedCount === 0) return;
      }
    } catch (error) {
      return onFailure(error);
    }
    wake();
  }

  function wake() {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(run);
  }

  function onConnection(socket: Socket) {
    const fd = takeFd();
    const connection: Connection = { socket, unread: [], offset: 0, unreadBytes: 0, hasEnded: false };
    const end = () => {
      connection.hasEnded = true;
      wake();
    };
    socket.on("data", (chunk: Buffer) => {
      connection.unread.push(chunk);
      connection.unreadBytes += chunk.length;
      if (connection.unreadBytes > maxUnreadBytes) socket.pause();
      wake();
    });
    socket.on("end", end).on("close", end).on("error", end).on("drain", wake);
    connections.set(fd, connection);
    accepted.push(fd);
    wake();
  }

  const server = createServer({ noDelay: true, keepAlive: true, allowHalfOpen: true }, onConnection);
  server.maxConnections = maxConnections;
  server.on("error", onFailure);

  function read(fd: number, pointer: number, length: number): number {
    const connection = connections.get(fd);
    if (!connection) return -1;
    const target = bytes(pointer, length);
    let copiedBytes = 0;
    for (let head = connection.unread[0]; head && copiedBytes < length; head = connection.unread[0]) {
      const copied = head.copy(target, copiedBytes, connection.offset);
      copiedBytes += copied;
      connection.offset += copied;
      if (connection.offset < head.length) break;
      connection.unread.shift();
      connection.offset = 0;
    }
    connection.unreadBytes -= copiedBytes;
    if (connection.unreadBytes <= maxUnreadBytes && connection.socket.isPaused()) connection.socket.resume();
    if (copiedBytes === 0) return connection.hasEnded ? 0 : -1;
    return copiedBytes;
  }

  function write(fd: number, pointer: number, length: number): number {
    const socket = connections.get(fd)?.socket;
    if (!socket?.writable) return -1;
    // 0 makes Valkey wait until the socket is writable and apply its own limits on unread output
    if (socket.writableNeedDrain) return 0;
    socket.write(Buffer.from(bytes(pointer, length)));
    return length;
  }

  function close(fd: number) {
    const socket = connections.get(fd)?.socket;
    if (!socket) return;
    connections.delete(fd);
    freeFds.push(fd);
    socket.resume();
    socket.setTimeout(closeTimeoutMs, () => socket.destroy());
    socket.destroySoon();
  }

  function poll(interest: number, count: number, firedPointer: number, max: number): number {
    const interests = bytes(interest, count * 8);
    const ready = bytes(firedPointer, max * 8);
    firedCount = 0;
    for (let i = 0; i < count && firedCount < max; i++) {
      const fd = interests.readInt32LE(i * 8);
      const mask = interests.readInt32LE(i * 8 + 4) & readiness(fd);
      if (mask === 0) continue;
      ready.writeInt32LE(fd, firedCount * 8);
      ready.writeInt32LE(mask, firedCount * 8 + 4);
      firedCount++;
    }
    return firedCount;
  }

  function readiness(fd: number): number {
    if (fd === listenerFd) return accepted.length > 0 ? readable : 0;
    const connection = connections.get(fd);
    if (!connection) return 0;
    const canRead = connection.unread.length > 0 || connection.hasEnded ? readable : 0;
    return connection.socket.writableNeedDrain ? canRead : canRead | writable;
  }

  return {
    imports: {
      socket: takeFd,
      listen: (fd: number) => {
        listenerFd = fd;
        return 0;
      },
      accept: () => accepted.shift() ?? -1,
      read,
      write,
      close,
      poll,
    },
    attach(instanceMemory: WebAssembly.Memory, pass: () => void) {
      memory = instanceMemory;
      step = pass;
    },
    listen: (port: number) => new Promise<void>((resolve) => server.listen(port, host, resolve)),
    wake,
  };
}
