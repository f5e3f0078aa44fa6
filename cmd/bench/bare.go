package main

import (
	"context"
	"fmt"
	"net"
	"reflect"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/welfarex/welfarex/modules/catalogue"
)

// page is what a bare handler needs to know of one of ours: the statements it sent, and the bytes it answered with.
type page struct {
	Statements  []statement
	ContentType string
	Gzip        bool
	Body        []byte
}

// bare answers each page with the least one can do for it: its statements in one batch, the rows scanned, the stored bytes sent. Its
// pool is as large as ours.
type bare struct {
	pool  *pgxpool.Pool
	pages map[string]*ready
}

// ready is a page whose statements are prepared to be sent again.
type ready struct {
	page
	queries []query
}

type query struct {
	sql  string
	args []any
	row  reflect.Type // a struct with a field for each column
}

func openBare(ctx context.Context, databaseURL string, connections int, pages map[string]page) (*bare, error) {
	config, err := pgxpool.ParseConfig(databaseURL)
	if err != nil {
		return nil, err
	}
	config.MaxConns = int32(connections)
	b := &bare{pages: map[string]*ready{}}
	if b.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, err
	}
	conn, err := b.pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Release()
	for name, p := range pages {
		r := &ready{page: p}
		for _, s := range p.Statements {
			q, err := prepare(ctx, conn.Conn(), s)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.SQL, err)
			}
			r.queries = append(r.queries, q)
		}
		b.pages[name] = r
	}
	return b, nil
}

// prepare decodes the parameters as they were sent, and makes a struct for the rows.
func prepare(ctx context.Context, conn *pgx.Conn, s statement) (query, error) {
	described, err := conn.Prepare(ctx, "", s.SQL)
	if err != nil {
		return query{}, err
	}
	q := query{sql: s.SQL}
	for i, raw := range s.Params {
		if raw == nil {
			q.args = append(q.args, nil)
			continue
		}
		oid := described.ParamOIDs[i]
		known, ok := conn.TypeMap().TypeForOID(oid)
		if !ok {
			return q, fmt.Errorf("parameter %d has type %d", i+1, oid)
		}
		value, err := known.Codec.DecodeValue(conn.TypeMap(), oid, s.format(i), raw)
		if err != nil {
			return q, err
		}
		q.args = append(q.args, value)
	}
	fields := make([]reflect.StructField, len(described.Fields))
	for i, f := range described.Fields {
		fields[i] = reflect.StructField{Name: fmt.Sprintf("C%d", i), Type: goType(f.Name, f.DataTypeOID)}
	}
	q.row = reflect.StructOf(fields)
	return q, nil
}

// goType is what a column is scanned into: for JSON, the catalogue's own types.
func goType(column string, oid uint32) reflect.Type {
	switch oid {
	case pgtype.TextOID, pgtype.VarcharOID:
		return reflect.TypeFor[*string]()
	case pgtype.UUIDOID:
		return reflect.TypeFor[*uuid.UUID]()
	case pgtype.Int8OID, pgtype.Int4OID:
		return reflect.TypeFor[int64]()
	case pgtype.BoolOID:
		return reflect.TypeFor[bool]()
	case pgtype.Float8OID:
		return reflect.TypeFor[float64]()
	case pgtype.TextArrayOID:
		return reflect.TypeFor[[]string]()
	case pgtype.JSONBOID, pgtype.JSONOID:
		switch column {
		case "accreditations":
			return reflect.TypeFor[catalogue.Provider]().Field(fieldOf[catalogue.Provider]("Accreditations")).Type
		case "sheet":
			return reflect.TypeFor[catalogue.Sheet]().Field(fieldOf[catalogue.Sheet]("sheet")).Type
		case "hours":
			return reflect.TypeFor[map[string][]string]()
		}
		return reflect.TypeFor[[]byte]()
	}
	return reflect.TypeFor[any]()
}

func fieldOf[T any](name string) int {
	f, ok := reflect.TypeFor[T]().FieldByName(name)
	if !ok {
		panic(fmt.Sprintf("%s has no field %s", reflect.TypeFor[T](), name))
	}
	return f.Index[0]
}

// fetch runs a page's statements in one batch and gives the rows.
func (b *bare) fetch(ctx context.Context, p *ready) ([][]any, error) {
	var batch pgx.Batch
	for _, q := range p.queries {
		batch.Queue(q.sql, q.args...)
	}
	results := b.pool.SendBatch(ctx, &batch)
	defer func() { _ = results.Close() }()
	all := make([][]any, len(p.queries))
	for i, q := range p.queries {
		rows, err := results.Query()
		if err != nil {
			return nil, err
		}
		targets := make([]any, q.row.NumField())
		for rows.Next() {
			row := reflect.New(q.row).Elem()
			for c := range targets {
				targets[c] = row.Field(c).Addr().Interface()
			}
			if err := rows.Scan(targets...); err != nil {
				return nil, err
			}
			all[i] = append(all[i], row.Addr().Interface())
		}
		if err := rows.Err(); err != nil {
			return nil, err
		}
	}
	return all, results.Close()
}

func (b *bare) serve(l net.Listener) error {
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	for name, p := range b.pages {
		app.Get("/"+name, func(c *fiber.Ctx) error {
			if _, err := b.fetch(context.Background(), p); err != nil {
				return err
			}
			c.Set(fiber.HeaderContentType, p.ContentType)
			if p.Gzip {
				c.Set(fiber.HeaderContentEncoding, "gzip")
			}
			return c.Send(p.Body)
		})
	}
	return app.Listener(l)
}

// withoutTenant drops what enters the city: a server that knows but one has nothing to enter.
func withoutTenant(list []statement) []statement {
	var kept []statement
	for _, s := range list {
		if !strings.Contains(s.SQL, "set_config('app.tenant'") {
			kept = append(kept, s)
		}
	}
	return kept
}
