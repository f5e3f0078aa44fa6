// Package files keeps what people and cities upload: the row first, the object after, and every download asks the policy.
// The store is plain S3; an object's key comes from the context (<city>/<module>/<uuid>), never from a caller.
package files

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/google/uuid"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/tenants"
)

// File is one stored object's row.
type File struct {
	ID          uuid.UUID
	Module      string // whose policy decides who may read it
	Name        string // as it is offered for saving
	ContentType string
	Bytes       int64
	SHA256      []byte
	Public      bool // pictures and marks: every visitor of the city may see it
	Owner       uuid.UUID
}

// Store keeps files of all cities in one bucket.
type Store struct {
	db      *tenants.DB
	s3      *minio.Client
	bucket  string
	readers map[string]Reader
	idle    func() // closes connections that wait
}

// Reader decides whether the actor (nil = a visitor) may read a private file of its module; the city already fits.
type Reader func(ctx context.Context, actor *authz.Actor, f File) error

// Options are the S3 settings.
type Options struct{ Endpoint, Bucket, AccessKey, SecretKey string }

// Open connects to an S3 store: endpoint is http(s)://host:port.
func Open(db *tenants.DB, o Options) (*Store, error) {
	u, err := url.Parse(o.Endpoint)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("S3_ENDPOINT must look like https://s3.example:9000, not %q", o.Endpoint)
	}
	transport, err := minio.DefaultTransport(u.Scheme == "https")
	if err != nil {
		return nil, fmt.Errorf("S3: %w", err)
	}
	client, err := minio.New(u.Host, &minio.Options{
		Creds: credentials.NewStaticV4(o.AccessKey, o.SecretKey, ""), Secure: u.Scheme == "https", TrailingHeaders: true, Region: "us-east-1", Transport: transport,
	})
	if err != nil {
		return nil, fmt.Errorf("S3: %w", err)
	}
	return &Store{db: db, s3: client, bucket: o.Bucket, readers: map[string]Reader{}, idle: transport.CloseIdleConnections}, nil
}

// Close lets go of connections that nobody uses; an S3 server that stops in order would wait for them.
func (s *Store) Close() { s.idle() }

// Ready says whether the bucket can be reached.
func (s *Store) Ready(ctx context.Context) error {
	ok, err := s.s3.BucketExists(ctx, s.bucket)
	if err == nil && !ok {
		err = fmt.Errorf("no bucket %q", s.bucket)
	}
	return err
}

// Guard names who decides about private files of a module; without one they are read by nobody.
func (s *Store) Guard(module string, may Reader) { s.readers[module] = may }

// Put stores body for the city of ctx and gives the file's id. An interrupted Put leaves a row that is not yet stored, which
// Sweep removes with its object. It is no part of a transaction: one would be held open meanwhile, and take back the row alone.
func (s *Store) Put(ctx context.Context, f File, body []byte) (uuid.UUID, error) {
	if tenants.InTx(ctx) {
		return uuid.Nil, errInTx
	}
	sum := sha256.Sum256(body)
	f.ID, f.SHA256, f.Bytes = uuid.Must(uuid.NewV7()), sum[:], int64(len(body))
	if err := s.db.Tx(ctx, func(ctx context.Context) error { return s.insert(ctx, f) }); err != nil {
		return uuid.Nil, err
	}
	if err := s.upload(ctx, f, body); err != nil {
		return uuid.Nil, err
	}
	return f.ID, s.db.Tx(ctx, func(ctx context.Context) error { return s.Confirm(ctx, []uuid.UUID{f.ID}) })
}

var errInTx = errors.New("a file is not uploaded inside a transaction")

func (s *Store) upload(ctx context.Context, f File, body []byte) error {
	key, err := s.key(ctx, f.Module, f.ID)
	if err != nil {
		return err
	}
	_, err = s.s3.PutObject(ctx, s.bucket, key, bytes.NewReader(body), int64(len(body)), minio.PutObjectOptions{ContentType: f.ContentType})
	if err != nil {
		return fmt.Errorf("store file %s: %w", f.ID, err)
	}
	return nil
}

// Show makes a module's files public, or private again, in the running transaction; those of other modules stay as they are.
func (s *Store) Show(ctx context.Context, module string, ids []uuid.UUID, public bool) error {
	return s.setPublic(ctx, module, ids, public)
}

// Drop gives up a file that nothing refers to; the sweeper takes it away.
func (s *Store) Drop(ctx context.Context, id uuid.UUID) error {
	return s.db.Tx(ctx, func(ctx context.Context) error { return s.remove(ctx, id) })
}

// Abandon gives up, in the running transaction, what was stored for a module before a moment and is not among what it keeps: the program
// was cut off before the file came to belong to something.
func (s *Store) Abandon(ctx context.Context, module string, before time.Time, kept []uuid.UUID) error {
	return s.abandon(ctx, module, before, kept)
}

// pictures is the module of what a city's folder brings.
const pictures = "pictures"

// Reserve notes a folder's pictures in the running transaction and gives their ids; content that is stored already keeps its id.
func (s *Store) Reserve(ctx context.Context, images []tenants.Image) ([]uuid.UUID, error) {
	known, err := s.known(ctx, pictures)
	if err != nil {
		return nil, err
	}
	ids := make([]uuid.UUID, len(images))
	var again []uuid.UUID
	for i, image := range images {
		sum := sha256.Sum256(image.Body)
		if id, ok := known[sum]; ok {
			ids[i] = id
			again = append(again, id)
			continue
		}
		ids[i] = uuid.Must(uuid.NewV7())
		known[sum] = ids[i]
		f := File{ID: ids[i], Module: pictures, ContentType: image.ContentType, Bytes: int64(len(image.Body)), SHA256: sum[:], Public: true}
		if err := s.insert(ctx, f); err != nil {
			return nil, err
		}
	}
	return ids, s.renew(ctx, again)
}

// Upload stores the pictures that are reserved and not stored yet.
func (s *Store) Upload(ctx context.Context, ids []uuid.UUID, images []tenants.Image) error {
	waiting, err := s.pending(ctx, ids)
	if err != nil {
		return err
	}
	for i, id := range ids {
		if !waiting[id] {
			continue
		}
		delete(waiting, id)
		if err := s.upload(ctx, File{ID: id, Module: pictures, ContentType: images[i].ContentType}, images[i].Body); err != nil {
			return err
		}
	}
	return nil
}

// Confirm marks files as stored, in the running transaction; it is an error if one of them was swept meanwhile.
func (s *Store) Confirm(ctx context.Context, ids []uuid.UUID) error {
	return s.markStored(ctx, ids)
}

// Read gives a file's row and content to whoever may have it; everyone else gets ErrNotFound, as for a made-up id.
func (s *Store) Read(ctx context.Context, actor *authz.Actor, id uuid.UUID) (File, []byte, error) {
	f, err := s.find(ctx, id)
	if err != nil {
		return File{}, nil, err
	}
	if !f.Public {
		may, ok := s.readers[f.Module]
		if !ok {
			return File{}, nil, problem.ErrNotFound
		}
		if err := may(ctx, actor, f); err != nil {
			if problem.Of(err).Kind == problem.Internal {
				return File{}, nil, fmt.Errorf("ask who may read file %s: %w", id, err)
			}
			return File{}, nil, problem.ErrNotFound
		}
	}
	key, err := s.key(ctx, f.Module, f.ID)
	if err != nil {
		return File{}, nil, err
	}
	object, err := s.s3.GetObject(ctx, s.bucket, key, minio.GetObjectOptions{})
	if err != nil {
		return File{}, nil, fmt.Errorf("read file %s: %w", id, err)
	}
	defer func() { _ = object.Close() }()
	body, err := io.ReadAll(io.LimitReader(object, f.Bytes+1))
	if err != nil {
		return File{}, nil, fmt.Errorf("read file %s: %w", id, err)
	}
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], f.SHA256) {
		return File{}, nil, fmt.Errorf("read file %s: %w", id, errDamaged)
	}
	return f, body, nil
}

var errDamaged = errors.New("the stored object is not what was stored")

// Sweep removes files of the city of ctx whose upload was interrupted more than an hour ago, and says how many.
func (s *Store) Sweep(ctx context.Context, now time.Time) (int, error) {
	var lost []File
	// First nobody can take them up again, then the objects go, then the rows: wherever it is cut off, the next sweep goes on.
	err := s.db.Tx(ctx, func(ctx context.Context) (err error) {
		lost, err = s.giveUp(ctx, now.Add(-time.Hour))
		return err
	})
	if err != nil {
		return 0, err
	}
	var errs []error // one that cannot go keeps no other
	for _, f := range lost {
		errs = append(errs, s.sweepOne(ctx, f))
	}
	return len(lost), errors.Join(errs...)
}

func (s *Store) sweepOne(ctx context.Context, f File) error {
	key, err := s.key(ctx, f.Module, f.ID)
	if err != nil {
		return err
	}
	if err := s.s3.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{}); err != nil {
		return fmt.Errorf("sweep file %s: %w", f.ID, err)
	}
	if err := s.db.Tx(ctx, func(ctx context.Context) error { return s.forget(ctx, f.ID) }); err != nil {
		return fmt.Errorf("sweep file %s: %w", f.ID, err)
	}
	return nil
}

func (s *Store) key(ctx context.Context, module string, id uuid.UUID) (string, error) {
	city, err := tenants.From(ctx)
	if err != nil {
		return "", err
	}
	return city.ID.String() + "/" + module + "/" + id.String(), nil
}
