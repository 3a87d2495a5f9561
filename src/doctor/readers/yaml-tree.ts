import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  type Range,
  Scalar,
  visit,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import { UnreadableError } from "../diagnostics.ts";
import type { Place } from "../facts/config-values.ts";

/** A YAML or JSON value with its place. The tag is a function of CloudFormation or another tool. */
export type Tree = { at: Place; tag?: string | undefined } & (
  | { kind: "map"; entries: Map<string, Tree> }
  | { kind: "list"; items: Tree[] }
  | { kind: "scalar"; value: string | number | boolean | null; text: string }
);
export type TreeMap = Extract<Tree, { kind: "map" }>;

const maxNodes = 200_000;
const maxDepth = 100;
const helm =
  /\{\{-?\s*(?:\.(?:Values|Release|Chart|Capabilities|Files)\b|include\s+"|toYaml\b)|^\s*\{\{-?\s*(?:if|else|end|range|with|define|template)\b/;

export function parseYaml(text: string, file: string): Tree[] {
  const template = text.split("\n").findIndex((line) => helm.test(line.replace(/^\s*#.*/, "")));
  if (template !== -1)
    throw new UnreadableError(
      { file, line: template + 1 },
      "is a Helm template: use the rendered output (helm template … | … --k8s -)",
    );
  const lines = new LineCounter();
  const documents = parseDocuments(text, file, lines);
  let nodeCount = 0;

  return documents.flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) {
      const line = error.linePos?.[0].line ?? 1;
      throw new UnreadableError({ file, line }, `is not valid YAML: ${shortMessage(error.message)}`);
    }
    if (document.contents === null) return [];
    const anchors = anchorsIn(document.contents);
    return [treeOf(document.contents, { file, line: 1 }, 0)];

    function treeOf(node: Node, fallback: Place, depth: number): Tree {
      if (++nodeCount > maxNodes || depth > maxDepth)
        throw new UnreadableError(fallback, "is too large for a configuration");
      const at = node.range ? { file, line: lines.linePos(node.range[0]).line } : fallback;
      if (isAlias(node)) {
        const target = anchors.before(node);
        if (target === undefined)
          throw new UnreadableError(at, `refers to an anchor that does not exist: *${node.source}`);
        return treeOf(target, at, depth + 1);
      }
      const tag = node.tag?.startsWith("!") ? node.tag : undefined;
      if (isSeq(node)) {
        return { kind: "list", at, tag, items: node.items.map((item) => treeOf(nodeOrNull(item), at, depth + 1)) };
      }
      if (isMap(node)) return { kind: "map", at, tag, entries: entriesOf(node.items, at, depth) };
      const value: unknown = isScalar(node) ? node.value : null;
      const plain = typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
      const source = isScalar(node) && typeof node.source === "string" ? node.source : String(plain ?? "");
      return { kind: "scalar", at, tag, value: plain, text: typeof plain === "string" ? plain : source };
    }

    function entriesOf(
      items: readonly { key: unknown; value: unknown }[],
      at: Place,
      depth: number,
    ): Map<string, Tree> {
      const entries = new Map<string, Tree>();
      const inherited = new Map<string, Tree>();
      for (const { key, value } of items) {
        const name = isScalar(key) ? String(key.value) : String(key);
        const keyPlace = isScalar(key) && key.range ? { file, line: lines.linePos(key.range[0]).line } : at;
        const result = treeOf(nodeOrNull(value), keyPlace, depth + 1);
        // The place of a block is the line of its name, not the line of its first entry.
        if (name === "<<") mergeInto(inherited, result);
        else
          entries.set(
            name,
            result.kind === "scalar" ? result : { ...result, at: isAlias(value) ? result.at : keyPlace },
          );
      }
      for (const [name, result] of inherited) if (!entries.has(name)) entries.set(name, result);
      return entries;
    }
  });
}

function parseDocuments(text: string, file: string, lineCounter: LineCounter) {
  try {
    const documents = parseAllDocuments(text, { lineCounter, logLevel: "silent", merge: false, uniqueKeys: true });
    return "empty" in documents ? [] : documents;
  } catch (error) {
    // The parser is recursive and fails on very deep nesting.
    throw new UnreadableError(
      { file, line: 1 },
      `cannot be parsed as YAML (${error instanceof Error ? error.name : "unknown"})`,
    );
  }
}

/** Finds the anchor of an alias without a search of the whole document, so that many aliases cost little. */
function anchorsIn(contents: Node) {
  const byName = new Map<string, (Scalar | YAMLMap | YAMLSeq)[]>();
  visit(contents, {
    Value(_, node) {
      if (node.anchor === undefined) return;
      const named = byName.get(node.anchor);
      if (named === undefined) byName.set(node.anchor, [node]);
      else named.push(node);
    },
  });
  const startOf = ({ range }: { range?: Range | null | undefined }): number => range?.[0] ?? 0;
  return {
    /** The last node with the anchor that begins before the alias. */
    before: (alias: Alias) => byName.get(alias.source)?.findLast((node) => startOf(node) < startOf(alias)),
  };
}

function nodeOrNull(value: unknown): Node {
  if (isScalar(value) || isMap(value) || isSeq(value) || isAlias(value)) return value;
  return nullNode;
}

const nullNode = new Scalar(null);

function mergeInto(inherited: Map<string, Tree>, source: Tree): void {
  const sources = source.kind === "list" ? source.items : [source];
  for (const one of sources) {
    if (one.kind !== "map") continue;
    for (const [name, value] of one.entries) if (!inherited.has(name)) inherited.set(name, value);
  }
}

const shortMessage = (message: string): string =>
  (message.split("\n")[0] ?? "").replace(/ at line \d+, column \d+:?$/, "");

export function get(tree: Tree | undefined, ...path: readonly (string | number)[]): Tree | undefined {
  let current = tree;
  for (const step of path) {
    if (current?.kind === "map") current = current.entries.get(String(step));
    else if (current?.kind === "list" && typeof step === "number") current = current.items[step];
    else return undefined;
  }
  return current;
}

export function text(tree: Tree | undefined, ...path: readonly (string | number)[]): string | undefined {
  const found = get(tree, ...path);
  return found?.kind === "scalar" && found.tag === undefined && found.value !== null ? found.text : undefined;
}

export function number(tree: Tree | undefined, ...path: readonly (string | number)[]): number | undefined {
  const found = text(tree, ...path);
  return found === undefined || !/^\s*-?\d+(?:\.\d+)?\s*$/.test(found) ? undefined : Number(found);
}

export function list(tree: Tree | undefined, ...path: readonly (string | number)[]): readonly Tree[] {
  const found = get(tree, ...path);
  return found?.kind === "list" ? found.items : [];
}

export function entries(
  tree: Tree | undefined,
  ...path: readonly (string | number)[]
): readonly (readonly [string, Tree])[] {
  const found = get(tree, ...path);
  return found?.kind === "map" ? [...found.entries] : [];
}
