/** The part in braces selects the slot of a Redis Cluster, so that all keys of a user are on one node. */
export const sessionKey = (userId: string, sessionId: string): string => `haven:{${userId}}:session:${sessionId}`;

export const indexKey = (userId: string): string => `haven:{${userId}}:sessions`;
