import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { createBloomFilter } from "../../src/auth/known-passwords/bloom-filter.ts";
import { assertNotGuessable } from "../../src/auth/known-passwords/known-passwords.ts";
import { postJson } from "../shared/requests/http.ts";
import { bearer, newPerson, register, sameSecret } from "../shared/requests/people.ts";
import { startHaven } from "../support/haven.ts";
import { knownPasswords } from "./support/known-password-list.ts";

const refuses = (password: string, personal: string[] = []): boolean => {
  try {
    assertNotGuessable("password", password, personal);
    return false;
  } catch {
    return true;
  }
};

describe("known passwords", () => {
  test("are in the shipped file, which is the one that npm run known-passwords writes", () => {
    const shipped = readFileSync(new URL("../../src/auth/known-passwords/known-passwords.bin", import.meta.url));
    assert.ok(createBloomFilter(knownPasswords()).equals(shipped));
    assert.ok(knownPasswords().every((password) => refuses(password)));
  });

  test("do not include other passwords, but for about one in 100,000", () => {
    const others = Array.from({ length: 20_000 }, () => randomBytes(9).toString("base64url"));
    assert.ok(others.filter((password) => refuses(password)).length <= 5);
  });

  test("are refused in any case, and so are the name and the address of the user", () => {
    for (const password of ["password1", "PassWord1", "iloveyou1", "12345678"]) assert.ok(refuses(password), password);
    assert.ok(refuses("Ada.Lovelace", ["ada.lovelace@example.org"]));
    assert.ok(!refuses("four quiet harbour lights", ["ada@example.org"]));
  });

  test("include words of the service, of the organization and of the user with digits or signs behind them", () => {
    const personal = ["ada.lovelace@harbour-estates.example", "Ada Lovelace"];
    for (const password of [
      "Haven2026!",
      "administrator",
      "Harbour-Estates1",
      "lovelace1815",
      "Ada.Lovelace!!",
      "Ada Lovelace 7",
    ])
      assert.ok(refuses(password, personal), password);
    for (const password of ["haven of four lights", "adamant-harbour", "Lovelace reads 1815", "lovelace123456789"])
      assert.ok(!refuses(password, personal), password);
  });

  test("are refused by a registration and by a change of the password", async () => {
    const haven = await startHaven({ env: sameSecret });
    const registering = await postJson(`${haven.url}/api/v1/auth/register`, { ...newPerson(), password: "Password1" });
    assert.equal(registering.status, 400);
    assert.equal((registering.json() as { errors: { path: string }[] }).errors[0]?.path, "password");
    const person = await register(haven.url);
    const change = { currentPassword: person.password, newPassword: "qwerty123456" };
    assert.equal((await postJson(`${haven.url}/api/v1/auth/password`, change, bearer(person))).status, 400);
  });
});
