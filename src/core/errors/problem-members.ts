type Occurrence<Code extends string> = { code: Code; title: string; status: number; detail: string };

/** Returns the members of every problem (RFC 9457), of the API as well as of probes and operator endpoints. */
export const problemMembers = <Code extends string>({ code, title, status, detail }: Occurrence<Code>) => ({
  type: problemPath(code),
  title,
  status,
  detail,
  code,
});

export type ProblemMembers<Code extends string> = ReturnType<typeof problemMembers<Code>>;

export const problemPath = (code: string): string => `/api/problems/${code}`;

/** The descriptions of the members in the OpenAPI document. */
export const describedMembers: Readonly<
  Record<keyof ProblemMembers<string>, { description?: string; format?: "uri-reference" }>
> = {
  type: { format: "uri-reference" },
  title: {},
  status: {},
  detail: { description: "This occurrence, explained for people" },
  code: { description: "The kind of error, for programs" },
};
