import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { suite, test } from "node:test";
import { allRules } from "../../../src/doctor/rules/all-rules.ts";
import { without } from "../../shared/programs.ts";
import { folderWith } from "../support/command-line.ts";
import { fileOf } from "../support/diagnose.ts";
import { allPlanted, bases } from "./all-planted.ts";
import { type Base, judge, rulesIn } from "./planted.ts";

type Checker = { command: string; argsFor: (folder: string, file: string) => string[]; more?: Record<string, string> };

/** The program that reads each kind of file, and the arguments with which it checks a file. */
const checkers: Partial<Record<Base["kind"], Checker>> = {
  nginx: { command: "nginx", argsFor: (folder, file) => ["-t", "-p", folder, "-e", "stderr", "-c", file] },
  haproxy: { command: "haproxy", argsFor: (_folder, file) => ["-c", "-q", "-f", file] },
  prometheus: { command: "promtool", argsFor: (_folder, file) => ["check", "config", file] },
  kubernetes: {
    command: "kubectl",
    argsFor: (folder) => ["kustomize", folder],
    more: { "kustomization.yaml": "resources: [objects.yaml]\n" },
  },
};

/** Puts an nginx file that contains only `server` blocks inside `http`. */
const wholeText = ({ kind, text }: Base): string =>
  kind === "nginx" && !text.includes("events {") ? `events {}\nhttp {\n${text}}\n` : text;

suite("the bases", () => {
  for (const base of bases) {
    test(`${base.name}: has no findings`, () => assert.deepEqual(rulesIn({ base }, base.text), []));

    const checker = checkers[base.kind];
    if (checker === undefined) continue;
    test(`${base.name}: is accepted by ${checker.command}`, { skip: without(checker.command) }, () => {
      const folder = folderWith({ [fileOf(base.kind)]: wholeText(base), ...checker.more, ...base.more });
      const args = checker.argsFor(folder, join(folder, fileOf(base.kind)));
      const { status, stderr, stdout } = spawnSync(checker.command, args, { encoding: "utf8", timeout: 30_000 });
      assert.equal(status, 0, `${stdout}${stderr}`);
    });
  }
});

suite("planted faults", () => {
  const outcomes = allPlanted().map(judge);

  test("there are at least 300, and each differs from its base and from its twin", () => {
    assert.ok(outcomes.length >= 300, `${outcomes.length}`);
    for (const { fault, twin, base, change } of outcomes) {
      assert.notEqual(fault, base.text, change);
      assert.notEqual(fault, twin, change);
    }
  });

  test("at least 95 % are found by their rule", () => {
    const missed = outcomes.filter(({ found }) => !found);
    assert.ok(
      missed.length <= outcomes.length * 0.05,
      missed.map(({ rule, change }) => `${rule}: ${change}`).join("\n"),
    );
  });

  test("at most 2 % of the corrected twins have a finding", () => {
    const alarms = outcomes.filter(({ falseAlarms }) => falseAlarms.length > 0);
    assert.ok(
      alarms.length <= outcomes.length * 0.02,
      alarms.map(({ rule, twin, falseAlarms }) => `${rule} ${falseAlarms.join(", ")}: ${twin.slice(0, 80)}`).join("\n"),
    );
  });

  test("every rule that is on by default has a planted fault, except those for a running instance", () => {
    const planted = new Set(outcomes.map(({ rule }) => rule));
    const missing = allRules
      .filter(
        ({ id, offByDefault, example }) => offByDefault === undefined && example.kind !== "live" && !planted.has(id),
      )
      .map(({ id }) => id);
    assert.deepEqual(missing, []);
  });
});
