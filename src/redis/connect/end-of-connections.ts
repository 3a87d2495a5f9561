import { Redis } from "ioredis";
import abstractConnector from "ioredis/built/connectors/AbstractConnector.js";
import { FailoverDetector } from "ioredis/built/connectors/SentinelConnector/FailoverDetector.js";
import { closeHandler } from "ioredis/built/redis/event_handler.js";

// In some states, ioredis closes a connection and then never reports its end, or never connects again. ioredis has no
// settings for this, and it creates the connections to the nodes of a cluster itself. So the functions are replaced on the
// prototypes that all connections share.

type Connector = { connecting: boolean; stream?: { destroyed: boolean } };

/**
 * Ends a connection at once if it waits for its next attempt. ioredis would wait for the end of a socket, although such a
 * connection has none. A cluster connects again only when the connections to all its nodes have ended, so without this
 * function it would never connect again after an outage of all nodes.
 */
const disconnect = Redis.prototype.disconnect;
Redis.prototype.disconnect = function disconnectAtOnce(this: Redis, reconnect = false): void {
  const isWaiting = this.status === "reconnecting" && !reconnect;
  disconnect.call(this, reconnect);
  if (isWaiting) closeHandler(this)();
};

/** A connection whose socket is closed needs no timer that closes the socket. */
const connectorPrototype = abstractConnector.default.prototype;
const closeSocket: (this: Connector) => void = connectorPrototype.disconnect;
Reflect.set(connectorPrototype, "disconnect", function disconnectSocket(this: Connector): void {
  if (this.stream?.destroyed === true) this.connecting = false;
  else closeSocket.call(this);
});

/**
 * Closes the connection to the old primary. If the client is asking the Sentinels for the new primary at this moment, the
 * client continues. Without this function it would stop, and never connect again.
 */
type Detector = { connector: Connector };
const onFailover: (this: Detector) => void = Reflect.get(FailoverDetector.prototype, "disconnect");
Reflect.set(FailoverDetector.prototype, "disconnect", function closeOldPrimary(this: Detector): void {
  const { connecting } = this.connector;
  onFailover.call(this);
  this.connector.connecting = connecting;
});
