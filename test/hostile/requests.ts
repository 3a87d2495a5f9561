import assert from "node:assert/strict";
import { hostileForms, hostileJson } from "./bodies.ts";
import { bodyCases, withJson, withReplacement } from "./body-cases.ts";
import { type Case, describeCase, repeatToLength, shortName, type Target, validRequestOf } from "./case.ts";
import { headerCases } from "./header-cases.ts";
import type { Random } from "./random.ts";
import { hostileStrings } from "./strings.ts";
import { pathCases, queryCases, withQuery } from "./url-cases.ts";

/** Creates the known attacks, and up to `perInput` requests for each input of the operation. */
export function hostileRequests(target: Target, random: Random, perInput: number): Case[] {
  const cases = [...pathCases(target), ...queryCases(target), ...headerCases(target), ...bodyCases(target)];
  return [...knownAttacks(target), ...cases.flatMap((ofOneInput) => random.sample(ofOneInput, perInput))];
}

/** Each of these once blocked the event loop of this server. They are sent to every operation with every seed. */
function knownAttacks(target: Target): Case[] {
  const base = validRequestOf(target);
  const example = target.operation.described.requestBody?.content["application/json"]?.example ?? {};
  const marks = hostileStrings["combining marks out of order"] ?? assert.fail();
  const spaces = hostileForms["spaces in the content type"] ?? assert.fail();
  const arrays = hostileJson["an array of arrays"] ?? assert.fail();
  const attacks: Case[] = [
    () =>
      withQuery(
        base,
        describeCase(target, "query", "names without values", 15_000),
        repeatToLength(15_000, (n) => `${shortName(n)}&`),
      ),
    () => withQuery(base, describeCase(target, "query exclude", "list", 15_000), `exclude=${"a,".repeat(7500)}`),
    () => withJson(base, describeCase(target, "body, gzip", "an array of arrays", 990_000), arrays(990_000), "gzip"),
  ];
  for (const path of target.inputs.bodyFields) {
    const label = describeCase(target, `body.${path.join(".")}, gzip`, "combining marks out of order", 40_000);
    attacks.push(() => withJson(base, label, JSON.stringify(withReplacement(example, path, marks(40_000))), "gzip"));
  }
  for (const field of target.inputs.formFields) {
    attacks.push(() => {
      const { contentType, body } = spaces(12_000, field);
      const headers = { ...base.headers, "content-type": contentType };
      return { ...base, label: describeCase(target, "form", "spaces in the content type", 12_000), headers, body };
    });
  }
  return attacks;
}
