package tenants

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
)

// Entry is one decision for the audit trail. It holds ids and digests, never personal data.
type Entry struct {
	Actor       string // account:<uuid> · staff:<uuid>, with a role at that time · job:<kind> · operator
	SubjectKind string // "account", "service", "city", …
	Subject     string // its id
	Verb        string // what was done, past tense: "registered", "suspended"
	Purpose     string // why, in the program's words
	Before      any    // the subject before and after; only their digests are kept
	After       any
	Request     string // request id, if there was one
}

type keyKey struct{}

// WithKey says that a program works with the key of that id: the trail notes it beside the request.
func WithKey(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, keyKey{}, id)
}

// Audit adds an entry to the city's chain, in the running transaction.
func Audit(ctx context.Context, e Entry) error {
	before, err := digest(e.Before)
	if err != nil {
		return err
	}
	after, err := digest(e.After)
	if err != nil {
		return err
	}
	if e.Request == "" {
		e.Request = RequestID(ctx)
		if key, ok := ctx.Value(keyKey{}).(string); ok {
			e.Request += " key:" + key
		}
	}
	// seq, at, prev and hash are the trigger's. Whoever audits next in this city waits for it, so it comes last.
	Later(ctx, "audit "+e.Verb+" "+e.SubjectKind, `INSERT INTO audit_entries (seq, at, actor, subject_kind, subject, verb, purpose, before, after, request, prev, hash)
		VALUES (0, now(), $1, $2, $3, $4, $5, $6, $7, $8, '', '')`,
		e.Actor, e.SubjectKind, e.Subject, e.Verb, e.Purpose, before, after, e.Request)
	return nil
}

// AuditBrokenAt checks the whole chain of the city of ctx: the number of the first entry that does not hold, or 0.
func (db *DB) AuditBrokenAt(ctx context.Context) (int64, error) {
	var at *int64
	err := db.Tx(ctx, func(ctx context.Context) error {
		return PgxTx(ctx).QueryRow(ctx, "SELECT audit_broken_at()").Scan(&at)
	})
	if at == nil {
		return 0, err
	}
	return *at, err
}

func digest(v any) ([]byte, error) {
	if v == nil {
		return nil, nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("digest for the audit trail: %w", err)
	}
	sum := sha256.Sum256(b)
	return sum[:], nil
}

type requestKey struct{}

// WithRequestID marks ctx with the id under which logs and audit entries of this request are found.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// RequestID gives the request's id, or "".
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}
