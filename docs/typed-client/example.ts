import { createHaven, orThrow } from "./client.ts";

const haven = createHaven("http://localhost:4000");

const account = await haven.POST("/api/v1/auth/register", {
  body: { email: `ana-${Date.now()}@example.org`, password: "four quiet harbour lights", name: "Ana Duarte" },
});
const headers = { Authorization: `Bearer ${orThrow(account).accessToken}` };

const address = { line1: "12 Harbour Street", city: "Lisbon", postalCode: "1200-109", country: "PT" } as const;
const property = await haven.POST("/api/v1/properties", {
  headers,
  body: { name: "Harbour House", kind: "apartment_building", address },
});
const unit = await haven.POST("/api/v1/properties/{propertyId}/units", {
  headers,
  params: { path: { propertyId: orThrow(property).id } },
  body: { label: "2B", bedrooms: 2, bathrooms: 1.5, rentCents: 145_000, currency: "EUR" },
});
const request = await haven.POST("/api/v1/units/{unitId}/maintenance-requests", {
  headers,
  params: { path: { unitId: orThrow(unit).id } },
  body: { title: "Kitchen tap drips", priority: "high" },
});
const events = await haven.GET("/api/v1/maintenance-requests/{requestId}/events", {
  headers,
  params: { path: { requestId: orThrow(request).id } },
});
for (const event of orThrow(events).items) {
  // The type of `data` follows from `type`.
  if (event.type === "noted") console.log(event.data.note);
  else console.log(event.type, event.data.request.title, event.data.request.priority);
}
