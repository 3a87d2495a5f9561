-- Every row names its owner, and foreign keys carry the owner along: a unit of mine on a property of yours cannot be.
CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TABLE properties (
  id uuid PRIMARY KEY,
  owner_id uuid NOT NULL REFERENCES users (id),
  name text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('apartment_building', 'house', 'condo', 'commercial')),
  address jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (owner_id, id)
);

CREATE TABLE units (
  id uuid PRIMARY KEY,
  owner_id uuid NOT NULL,
  property_id uuid NOT NULL,
  label text NOT NULL,
  bedrooms integer NOT NULL CHECK (bedrooms >= 0),
  bathrooms double precision NOT NULL CHECK (bathrooms >= 0),
  rent_cents integer NOT NULL CHECK (rent_cents >= 0),
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  -- Taken off the market. Whether it is occupied is said by its leases.
  withdrawn boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (owner_id, id),
  CONSTRAINT units_label_key UNIQUE (property_id, label),
  CONSTRAINT units_property_fkey FOREIGN KEY (owner_id, property_id) REFERENCES properties (owner_id, id)
);
CREATE INDEX units_by_property ON units (property_id, id DESC);
CREATE INDEX units_of_owners_property ON units (owner_id, property_id);

CREATE TABLE leases (
  id uuid PRIMARY KEY,
  owner_id uuid NOT NULL,
  unit_id uuid NOT NULL,
  tenant_name text NOT NULL,
  tenant_email text NOT NULL,
  starts_on date NOT NULL,
  ends_on date NOT NULL,
  period daterange NOT NULL GENERATED ALWAYS AS (daterange(starts_on, ends_on, '[]')) STORED,
  rent_cents integer NOT NULL CHECK (rent_cents >= 0),
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT leases_unit_fkey FOREIGN KEY (owner_id, unit_id) REFERENCES units (owner_id, id),
  CONSTRAINT leases_do_not_overlap EXCLUDE USING gist (unit_id WITH =, period WITH &&)
);
CREATE INDEX leases_by_unit ON leases (unit_id, id DESC);
CREATE INDEX leases_of_owners_unit ON leases (owner_id, unit_id);

CREATE TABLE maintenance_requests (
  id uuid PRIMARY KEY,
  owner_id uuid NOT NULL,
  unit_id uuid NOT NULL,
  title text NOT NULL,
  description text NOT NULL,
  priority text NOT NULL CHECK (priority IN ('low', 'normal', 'high', 'emergency')),
  status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'in_progress', 'resolved', 'closed')),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT maintenance_requests_unit_fkey FOREIGN KEY (owner_id, unit_id) REFERENCES units (owner_id, id)
);
CREATE INDEX maintenance_requests_by_unit ON maintenance_requests (unit_id, id DESC);
CREATE INDEX maintenance_requests_by_unit_and_status ON maintenance_requests (unit_id, status, id DESC);
CREATE INDEX maintenance_requests_by_owner ON maintenance_requests (owner_id, id DESC);
CREATE INDEX maintenance_requests_by_owner_and_status ON maintenance_requests (owner_id, status, id DESC);
CREATE INDEX maintenance_requests_of_owners_unit ON maintenance_requests (owner_id, unit_id);

-- One row for each owner. Whoever writes an event holds it until the commit, so that positions are given in the order
-- in which transactions end, and a reader who has seen one position has seen all before it.
CREATE TABLE maintenance_event_heads (
  owner_id uuid PRIMARY KEY REFERENCES users (id),
  position bigint NOT NULL
);

-- Kept when its request is deleted: the stream still has to tell that.
CREATE TABLE maintenance_events (
  id uuid PRIMARY KEY,
  owner_id uuid NOT NULL REFERENCES users (id),
  position bigint NOT NULL,
  request_id uuid NOT NULL,
  unit_id uuid NOT NULL,
  type text NOT NULL CHECK (type IN ('created', 'changed', 'status_changed', 'noted', 'deleted')),
  data jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (owner_id, position)
);
CREATE INDEX maintenance_events_by_request ON maintenance_events (request_id, position DESC);
