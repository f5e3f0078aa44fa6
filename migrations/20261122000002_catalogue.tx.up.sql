-- What a city's portal shows. Rows that come from the city's folder remember in origin what it last set, so that applying
-- the folder again changes only what nobody else has changed.

CREATE TABLE offices (
    tenant_id uuid,
    id        uuid NOT NULL,
    slug      text NOT NULL,
    position  int NOT NULL DEFAULT 0,
    name      text NOT NULL,
    about     text NOT NULL DEFAULT '',
    address   text NOT NULL DEFAULT '',
    phone     text NOT NULL DEFAULT '',
    email     text NOT NULL DEFAULT '',
    hours     text NOT NULL DEFAULT '',
    en        jsonb,
    published boolean NOT NULL DEFAULT true,
    origin    jsonb,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, slug)
);
CALL tenant_table('offices');

CREATE TABLE neighbourhoods (
    tenant_id uuid,
    id        uuid NOT NULL,
    slug      text NOT NULL,
    position  int NOT NULL DEFAULT 0,
    name      text NOT NULL,
    lat       double precision NOT NULL,
    lon       double precision NOT NULL,
    published boolean NOT NULL DEFAULT true,
    origin    jsonb,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, slug)
);
CALL tenant_table('neighbourhoods');

-- Rivers, coasts and lakes, drawn on the map as lines.
CREATE TABLE waters (
    tenant_id uuid,
    id        uuid NOT NULL,
    slug      text NOT NULL,
    position  int NOT NULL DEFAULT 0,
    name      text NOT NULL,
    kind      text NOT NULL DEFAULT 'river' CHECK (kind IN ('river', 'sea')),
    path      jsonb NOT NULL, -- [[lat, lon], …]
    published boolean NOT NULL DEFAULT true,
    origin    jsonb,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, slug)
);
CALL tenant_table('waters');

CREATE TABLE access_points (
    tenant_id     uuid,
    id            uuid NOT NULL,
    slug          text NOT NULL,
    position      int NOT NULL DEFAULT 0,
    name          text NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('public', 'private')),
    neighbourhood text NOT NULL,
    address       text NOT NULL,
    lat           double precision NOT NULL,
    lon           double precision NOT NULL,
    phone         text NOT NULL DEFAULT '',
    email         text NOT NULL DEFAULT '',
    about         text NOT NULL DEFAULT '',
    step_free     boolean NOT NULL DEFAULT false,
    languages     text[] NOT NULL DEFAULT '{}',
    hours         jsonb NOT NULL,               -- {"mon": ["09:00-12:30"], …} in the city's time
    closed        text[] NOT NULL DEFAULT '{}', -- dates, 2006-01-02
    en            jsonb,
    published     boolean NOT NULL DEFAULT true,
    origin        jsonb,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, slug)
);
CALL tenant_table('access_points');

CREATE TABLE needs (
    tenant_id uuid,
    id        uuid NOT NULL,
    slug      text NOT NULL,
    position  int NOT NULL DEFAULT 0,
    name      text NOT NULL,
    icon      text NOT NULL,
    en        jsonb,
    published boolean NOT NULL DEFAULT true,
    origin    jsonb,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, slug)
);
CALL tenant_table('needs');

CREATE TABLE categories (
    tenant_id uuid,
    id        uuid NOT NULL,
    slug      text NOT NULL,
    position  int NOT NULL DEFAULT 0,
    name      text NOT NULL,
    summary   text NOT NULL DEFAULT '',
    icon      text NOT NULL,
    en        jsonb,
    published boolean NOT NULL DEFAULT true,
    origin    jsonb,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, slug)
);
CALL tenant_table('categories');

-- What people say, and what a service sheet calls it.
CREATE TABLE synonyms (
    tenant_id uuid,
    id        uuid NOT NULL,
    slug      text NOT NULL,
    words     text[] NOT NULL,
    mean      text NOT NULL,
    published boolean NOT NULL DEFAULT true,
    origin    jsonb,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, slug)
);
CALL tenant_table('synonyms');

CREATE TABLE providers (
    tenant_id      uuid,
    id             uuid NOT NULL,
    slug           text NOT NULL,
    position       int NOT NULL DEFAULT 0,
    name           text NOT NULL,
    kind           text NOT NULL CHECK (kind IN ('comune', 'cooperativa', 'consorzio', 'asp', 'fondazione', 'associazione', 'impresa-sociale')),
    about          text NOT NULL DEFAULT '',
    address        text NOT NULL DEFAULT '',
    phone          text NOT NULL DEFAULT '',
    email          text NOT NULL DEFAULT '',
    web            text NOT NULL DEFAULT '',
    neighbourhood  text NOT NULL DEFAULT '',
    accreditations jsonb NOT NULL DEFAULT '[]', -- [{"area", "act", "from", "to"}]
    en             jsonb,
    published      boolean NOT NULL DEFAULT true,
    origin         jsonb,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, slug)
);
CALL tenant_table('providers');

CREATE TABLE services (
    tenant_id       uuid,
    id              uuid NOT NULL,
    slug            text NOT NULL,
    title           text NOT NULL,
    summary         text NOT NULL,
    category_id     uuid NOT NULL,
    provider_id     uuid NOT NULL,
    office_id       uuid,
    needs           text[] NOT NULL DEFAULT '{}',
    audiences       text[] NOT NULL DEFAULT '{}',
    places          text[] NOT NULL DEFAULT '{}',  -- casa · sede · online
    neighbourhoods  text[] NOT NULL DEFAULT '{}',  -- none = the whole city
    status          text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive')),
    status_reason   text NOT NULL DEFAULT '',
    online          boolean NOT NULL DEFAULT false,
    price_kind      text NOT NULL CHECK (price_kind IN ('free', 'fixed', 'from', 'isee')),
    price_cents     bigint NOT NULL DEFAULT 0 CHECK (price_cents >= 0),
    price_max_cents bigint NOT NULL DEFAULT 0 CHECK (price_max_cents >= 0),
    price_unit      text NOT NULL DEFAULT '',
    price_note      text NOT NULL DEFAULT '',
    price_act       text NOT NULL DEFAULT '',
    picture         uuid,
    sheet           jsonb NOT NULL,                -- the long texts, in the order of the Modello Comuni
    topics          text[] NOT NULL DEFAULT '{}',
    keywords        text[] NOT NULL DEFAULT '{}',
    terms           jsonb NOT NULL DEFAULT '{}',   -- stem → weight, for search
    en              jsonb,
    published       boolean NOT NULL DEFAULT true,
    origin          jsonb,
    updated_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, slug),
    FOREIGN KEY (tenant_id, category_id) REFERENCES categories (tenant_id, id),
    FOREIGN KEY (tenant_id, provider_id) REFERENCES providers (tenant_id, id),
    FOREIGN KEY (tenant_id, office_id) REFERENCES offices (tenant_id, id),
    FOREIGN KEY (tenant_id, picture) REFERENCES files (tenant_id, id)
);
CREATE INDEX ON services (tenant_id, provider_id);
CREATE INDEX ON services (tenant_id, category_id);
CALL tenant_table('services');

CREATE TABLE programmes (
    tenant_id  uuid,
    id         uuid NOT NULL,
    slug       text NOT NULL,
    position   int NOT NULL DEFAULT 0,
    title      text NOT NULL,
    summary    text NOT NULL,
    office_id  uuid,
    audiences  text[] NOT NULL DEFAULT '{}',
    status     text NOT NULL CHECK (status IN ('open', 'soon', 'closed', 'always')),
    opens      text NOT NULL DEFAULT '',
    closes     text NOT NULL DEFAULT '',
    picture    uuid,
    sheet      jsonb NOT NULL,
    topics     text[] NOT NULL DEFAULT '{}',
    keywords   text[] NOT NULL DEFAULT '{}',
    terms      jsonb NOT NULL DEFAULT '{}',
    en         jsonb,
    published  boolean NOT NULL DEFAULT true,
    origin     jsonb,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, slug),
    FOREIGN KEY (tenant_id, office_id) REFERENCES offices (tenant_id, id),
    FOREIGN KEY (tenant_id, picture) REFERENCES files (tenant_id, id)
);
CALL tenant_table('programmes');

CREATE TABLE pages (
    tenant_id   uuid,
    id          uuid NOT NULL,
    slug        text NOT NULL,             -- with its language behind: privacy.it, privacy.en
    title       text NOT NULL,
    description text NOT NULL DEFAULT '',
    version     text NOT NULL DEFAULT '',  -- of privacy and terms: what people accept
    body        text NOT NULL,             -- Markdown
    html        text NOT NULL,             -- rendered and sanitised
    en          jsonb,                     -- {"title"}, for where there is no English page
    published   boolean NOT NULL DEFAULT true,
    origin      jsonb,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, slug)
);
CALL tenant_table('pages');

-- Sheets say when they last changed, whoever changed them.
CREATE FUNCTION note_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END $$;
CREATE TRIGGER note_update BEFORE UPDATE ON services FOR EACH ROW EXECUTE FUNCTION note_update();
CREATE TRIGGER note_update BEFORE UPDATE ON programmes FOR EACH ROW EXECUTE FUNCTION note_update();
