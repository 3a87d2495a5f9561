/** What holds for every call: the description of the document, and the first part of the page. Code in backticks. */
export const guide: readonly { title: string; text: readonly string[] }[] = [
  {
    title: "Signing in",
    text: [
      "`POST /api/v1/auth/register` or `POST /api/v1/auth/login` gives an access token for `Authorization: Bearer …`, good for some minutes, and a refresh token for the next one. Browsers get a session cookie as well; with the cookie alone, pages of other origins cannot write.",
      "A session can be ended at any time, and then it is over on every instance at once.",
    ],
  },
  {
    title: "Sending and getting",
    text: [
      "Bodies are JSON in UTF-8. Fields and query parameters that are not described here are refused, never ignored. Ids are UUIDs, times are RFC 3339 in UTC, dates are `YYYY-MM-DD`, money is a whole number of cents with its currency. Texts are stored in Unicode NFC and without white space at their ends; more than 30 combining marks in a row are refused. What `GET` answers, `HEAD` answers too, without the body.",
    ],
  },
  {
    title: "When it fails",
    text: [
      "Failures are `application/problem+json` (RFC 9457). Act upon `code`, show `detail`, and keep `requestId` for whoever has to find out more. `GET /api/problems/{code}` says what a code means. After a 503 or 429 wait for as many seconds as `Retry-After` says.",
      "What is another's is answered like what does not exist: with 404. A method that a path does not have is 405, and `Allow` says which it has.",
    ],
  },
  {
    title: "Lists",
    text: [
      "Lists give `items` and `nextCursor`. Send that as `cursor`, with the same filters, for the next page; `null` means that this was the last one. `limit` is 20 unless said, and 100 at most.",
    ],
  },
  {
    title: "Creating just once",
    text: [
      "Make up an `Idempotency-Key` for each create. Sent again within a day, with the same body, it gives the first answer again and creates nothing; with another body it is 422, and 409 while the first is still in flight.",
    ],
  },
  {
    title: "Changing what you have seen",
    text: [
      "A resource comes with an `ETag`. `If-None-Match` saves you the body while nothing has changed (304); `If-Match` on a change or a deletion does nothing, with 412, where somebody was faster.",
    ],
  },
];
