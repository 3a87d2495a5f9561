import assert from "node:assert/strict";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import type { Document } from "../../../src/openapi/document/openapi-types.ts";
import type { Answer } from "../../shared/requests/http.ts";
import { type ApiOperation, answerAt, escaped } from "./api-document.ts";

export type Contract = ReturnType<typeof createContract>;

/** Validates responses of the server against the document. */
export function createContract(document: Document) {
  const base = "https://api.test/document";
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addFormat("binary", true);
  ajv.addSchema(document, base);
  const validators = new Map<string, ValidateFunction>();

  const assertFits = (at: string, value: unknown, description: string): void => {
    const validate = validators.get(at) ?? ajv.compile({ $ref: `${base}#${encodeURI(at)}` });
    validators.set(at, validate);
    assert.ok(
      validate(value),
      `${description}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(value)?.slice(0, 500)}`,
    );
  };

  return {
    assertFits,
    assertDocumented(operation: ApiOperation, { status, headers, text }: Answer): void {
      const response = `${operation.method} ${operation.path} with ${status}`;
      const located = answerAt(document, operation, status);
      assert.ok(located, `${response} is not documented: ${text.slice(0, 500)}`);
      const { answer, at } = located;
      if (answer.content === undefined) assert.equal(text, "", `${response} has a body that is not documented`);
      else {
        const type = headers["content-type"]?.split(";", 1)[0] ?? "";
        const media = answer.content[type];
        assert.ok(media, `${response} as ${type || "nothing"} is not documented`);
        const schemaPointer = `${at}/content/${escaped(type)}/schema`;
        if (media.schema !== undefined && /[/+]json$/.test(type)) assertFits(schemaPointer, JSON.parse(text), response);
      }
      for (const [name, { required }] of Object.entries(document.components.headers)) {
        const isDocumented = answer.headers !== undefined && name in answer.headers;
        const isPresent = headers[name.toLowerCase()] !== undefined;
        if (isPresent) assert.ok(isDocumented, `${response} has the header ${name}, which is not documented`);
        else assert.ok(!isDocumented || !required, `${response} lacks the header ${name}`);
      }
    },
  };
}
