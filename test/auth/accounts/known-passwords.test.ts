import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { createBloomFilter } from "../../../src/auth/known-passwords/bloom-filter.ts";
import { assertNotGuessable } from "../../../src/auth/known-passwords/known-passwords.ts";
import { postJson } from "../../shared/requests/http.ts";
import { bearer, newPerson, register, sameSecret } from "../../shared/requests/people.ts";
import { startHaven } from "../../support/haven.ts";
import { knownPasswords } from "../support/known-password-list.ts";

const isRefused = (password: string, nameAndAddress: string[] = []): boolean => {
  try {
    assertNotGuessable("password", password, nameAndAddress);
    return false;
  } catch {
    return true;
  }
};

describe("known passwords", () => {
  test("are in the shipped file, which has the bytes that npm run known-passwords writes", () => {
    const shipped = readFileSync(new URL("../../../src/auth/known-passwords/known-passwords.bin", import.meta.url));
    assert.ok(createBloomFilter(knownPasswords()).equals(shipped));
    assert.ok(knownPasswords().every((password) => isRefused(password)));
  });

  test("do not include other passwords, except about one in 100,000", () => {
    const others = Array.from({ length: 20_000 }, () => randomBytes(9).toString("base64url"));
    assert.ok(others.filter((password) => isRefused(password)).length <= 5);
  });

  test("are refused in upper and lower case, like the name and the address of the user", () => {
    for (const password of ["password1", "PassWord1", "iloveyou1", "12345678"])
      assert.ok(isRefused(password), password);
    assert.ok(isRefused("Ada.Lovelace", ["ada.lovelace@example.org"]));
    assert.ok(!isRefused("four quiet harbour lights", ["ada@example.org"]));
  });

  test("include the names of the service, the organization and the user, followed by digits or signs", () => {
    const nameAndAddress = ["ada.lovelace@harbour-estates.example", "Ada Lovelace"];
    for (const password of [
      "Haven2026!",
      "administrator",
      "Harbour-Estates1",
      "harbourestates",
      "lovelace1815",
      "Ada.Lovelace!!",
      "Ada Lovelace 7",
      "Ada_Lovelace 1815",
      "Ada+Lovelace/1815",
    ])
      assert.ok(isRefused(password, nameAndAddress), password);
    for (const password of ["haven of four lights", "adamant-harbour", "Lovelace reads 1815", "lovelace123456789"])
      assert.ok(!isRefused(password, nameAndAddress), password);
  });

  test("are refused by a registration and by a change of the password", async () => {
    const haven = await startHaven({ env: sameSecret });
    const registration = await postJson(`${haven.url}/api/v1/auth/register`, { ...newPerson(), password: "Password1" });
    assert.equal(registration.status, 400);
    assert.equal((registration.json() as { errors: { path: string }[] }).errors[0]?.path, "password");
    const person = await register(haven.url);
    const change = { currentPassword: person.password, newPassword: "qwerty123456" };
    assert.equal((await postJson(`${haven.url}/api/v1/auth/password`, change, bearer(person))).status, 400);
  });
});
