/** All keys of a user share a slot of a cluster: what is in braces decides. */
export const sessionKey = (userId: string, sessionId: string): string => `haven:{${userId}}:session:${sessionId}`;

export const indexKey = (userId: string): string => `haven:{${userId}}:sessions`;
