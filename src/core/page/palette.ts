/** In both palettes every text colour has a contrast of at least 4.5:1 to its background. */
export const light = `
  --page:#f6f6f3;--card:#fff;--ink:#1b1f23;--soft:#586068;--line:#dedfd9;--track:#e7e8e3;--link:#0b5394;
  --good:#1a7148;--warn:#8a5a00;--bad:#b42318;--calm:#3b5d8a;
  --good-band:#17613f;--warn-band:#f3c252;--bad-band:#a81e15;--calm-band:#2f4b6d;
  --good-on:#fff;--warn-on:#271a00;--bad-on:#fff;--calm-on:#fff;
`;

export const dark = `
  --page:#111315;--card:#1a1d20;--ink:#e7e9eb;--soft:#a3abb3;--line:#30353a;--track:#2a2f34;--link:#8ec3ff;
  --good:#4fc48d;--warn:#efb43c;--bad:#ff8a80;--calm:#93b8e8;
  --good-band:#124d33;--warn-band:#694d00;--bad-band:#8d1a13;--calm-band:#27405f;
  --good-on:#effff6;--warn-on:#fff4d9;--bad-on:#fff1ef;--calm-on:#f0f6ff;
`;
