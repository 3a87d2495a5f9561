import pg, { type QueryResult, type QueryResultRow } from "pg";

/** Called with an error, or with the result. */
type Callback = (error: Error | undefined | null, result: QueryResult<QueryResultRow>) => void;

/** What pg reads from the description of the rows: their fields, a parser for each, and an empty row. */
type RowShape = { fields: unknown; _parsers: unknown; _prebuiltEmptyResultObject: unknown };

/** The members of a pg query that its types leave out. */
interface QueryInternals extends pg.Submittable {
  name: string;
  _result: RowShape;
  _accumulateRows: boolean;
  prepare(connection: pg.Connection): void;
  handleRowDescription(message: unknown): void;
}

const Query = pg.Query as unknown as new (text: string, values: unknown[], callback: Callback) => QueryInternals;

/** The shapes of the statements that Postgres has described on a connection, by name. */
class Descriptions {
  readonly shapes = new Map<string, RowShape>();
  isDescribing = true;

  constructor(connection: pg.Connection) {
    const describe = connection.describe.bind(connection);
    Reflect.set(connection, "describe", (...message: Parameters<typeof describe>) => {
      if (this.isDescribing) describe(...message);
    });
  }
}

const descriptionsOf = new WeakMap<pg.Connection, Descriptions>();

/**
 * A statement with a name, whose rows Postgres describes once for each connection. The description stays valid, because
 * Postgres refuses the statement after a change of the schema that would change its rows. pg requests and reads it for
 * each execution, which costs an authenticated read 3 % of its processor time; the copy of the statement that pg makes
 * unless it gets a text costs 2 %.
 */
export class NamedQuery extends Query {
  #descriptions: Descriptions | undefined;

  constructor(name: string, text: string, values: unknown[], callback: Callback) {
    super(text, values, callback);
    this.name = name;
  }

  override prepare(connection: pg.Connection): void {
    const known = descriptionsOf.get(connection);
    const descriptions = known ?? new Descriptions(connection);
    if (known === undefined) descriptionsOf.set(connection, descriptions);
    const shape = descriptions.shapes.get(this.name);
    this.#descriptions = descriptions;
    if (shape !== undefined) {
      const result = this._result;
      result.fields = shape.fields;
      result._parsers = shape._parsers;
      result._prebuiltEmptyResultObject = shape._prebuiltEmptyResultObject;
      this._accumulateRows = true;
    }
    descriptions.isDescribing = shape === undefined;
    try {
      super.prepare(connection);
    } finally {
      descriptions.isDescribing = true;
    }
  }

  override handleRowDescription(message: unknown): void {
    super.handleRowDescription(message);
    this.#descriptions?.shapes.set(this.name, this._result);
  }
}
