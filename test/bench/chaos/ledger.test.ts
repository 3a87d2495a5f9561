import assert from "node:assert/strict";
import { test } from "node:test";
import { createLedger, isExact } from "../../../bench/chaos/load/ledger.ts";

function ledgerOfThreeWrites() {
  const ledger = createLedger();
  for (const name of ["a", "b", "c"]) ledger.recordRequest(name);
  ledger.recordAcknowledgement("a", "1");
  ledger.recordAcknowledgement("b", "2");
  return ledger;
}

test("an acknowledged write is stored once; a write without a response may be stored or not", () => {
  for (const rows of [[], [{ name: "c", id: "3" }]]) {
    const balance = ledgerOfThreeWrites().balance([{ name: "a", id: "1" }, { name: "b", id: "2" }, ...rows]);
    assert.deepEqual(balance, { acknowledged: 2, unanswered: 1, lost: [], duplicated: [] });
    assert.ok(isExact(balance));
  }
});

test("a write is lost when its row is missing or has another id than the response", () => {
  const balance = ledgerOfThreeWrites().balance([{ name: "a", id: "9" }]);
  assert.deepEqual(balance.lost, ["a", "b"]);
  assert.ok(!isExact(balance));
});

test("a write that is stored twice is found, whether it was acknowledged or not", () => {
  const rows = ["1", "4"].map((id) => ({ name: "a", id })).concat(["5", "6"].map((id) => ({ name: "c", id })));
  const balance = ledgerOfThreeWrites().balance([...rows, { name: "b", id: "2" }]);
  assert.deepEqual([balance.lost, balance.duplicated], [[], ["a", "c"]]);
  assert.ok(!isExact(balance));
});

test("with a list of names, the balance counts only the writes with these names", () => {
  assert.deepEqual(ledgerOfThreeWrites().balance([{ name: "b", id: "2" }], ["b"]).acknowledged, 1);
});
