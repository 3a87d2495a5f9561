/** A resource for tests that need any resource that a user can create, change and list. */
export const anyResource = {
  path: "/api/v1/properties",
  named: (name: string) => ({
    name,
    kind: "house",
    address: { line1: "1 Example Street", city: "Exampleton", postalCode: "12345", country: "US" },
  }),
  renamed: (name: string) => ({ name }),
  nameOf: (item: { name: string }) => item.name,
};
