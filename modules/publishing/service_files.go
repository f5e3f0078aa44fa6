package publishing

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/catalogue"
	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/files"
	"github.com/welfarex/welfarex/modules/kit/problem"
)

// shelfOfFiles is the module under which the file store keeps what providers upload.
const shelfOfFiles = "publishing"

// mostAttachments is how many documents go with a service.
const mostAttachments = 5

// ErrAttachments means that a service has as many documents as it can.
var ErrAttachments = problem.New(problem.Conflict, "publishing.attachments")

//words: publishing.attachments

// Guard tells the file store who reads what is not published yet.
func (s *Service) Guard() {
	s.files.Guard(shelfOfFiles, func(ctx context.Context, actor *authz.Actor, f files.File) error {
		provider, err := s.providerOfFile(ctx, f.ID)
		if err != nil {
			return err
		}
		return s.mayReadFile(actor, provider)
	})
}

// SetPicture gives the open version a picture, made anew from what was uploaded.
func (s *Service) SetPicture(ctx context.Context, actor *authz.Actor, id uuid.UUID, revision int, raw []byte) error {
	v, err := s.writable(ctx, actor, id, revision)
	if err != nil {
		return err
	}
	contentType, body, err := files.Picture(ctx, raw)
	if err != nil {
		return err
	}
	f := files.File{Module: shelfOfFiles, Name: "immagine", ContentType: contentType, Owner: actor.Account}
	return s.keep(ctx, actor, v, revision, f, body, func(c *Content, file uuid.UUID) error {
		c.Picture = file
		return nil
	})
}

// AddDocument adds a document to the open version.
func (s *Service) AddDocument(ctx context.Context, actor *authz.Actor, id uuid.UUID, revision int, name string, raw []byte) error {
	v, err := s.writable(ctx, actor, id, revision)
	if err != nil {
		return err
	}
	if err := files.Document(ctx, raw); err != nil {
		return err
	}
	f := files.File{Module: shelfOfFiles, Name: documentName(name), ContentType: "application/pdf", Owner: actor.Account}
	return s.keep(ctx, actor, v, revision, f, raw, func(c *Content, file uuid.UUID) error {
		if len(c.Attachments) >= mostAttachments {
			return ErrAttachments
		}
		c.Attachments = append(c.Attachments, catalogue.Attachment{ID: file, Name: f.Name, Bytes: int64(len(raw))})
		return nil
	})
}

// documentName is a file's name without its folders and without what no name needs.
func documentName(name string) string {
	name = filepath.Base(strings.ReplaceAll(name, "\\", "/"))
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune(`<>:"/\|?*`, r) {
			return -1
		}
		return r
	}, strings.TrimSuffix(strings.TrimSuffix(name, ".pdf"), ".PDF"))
	letters := []rune(strings.Trim(name, " ."))
	if len(letters) == 0 {
		letters = []rune("documento")
	}
	return string(letters[:min(len(letters), longestTitle)]) + ".pdf"
}

// writable asks, before anything is taken apart or stored, whether the version may be changed.
func (s *Service) writable(ctx context.Context, actor *authz.Actor, id uuid.UUID, revision int) (v *Version, err error) {
	if err := s.policy.Allow(actor, "edit", "service"); err != nil {
		return nil, err
	}
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		if v, err = s.lockMine(ctx, actor, "edit", id); err != nil {
			return err
		}
		probe := *v
		return probe.change(actor.Account, revision, s.now())
	})
	return v, err
}

// keep stores a file and puts it into the version; if that cannot be, the file goes.
func (s *Service) keep(ctx context.Context, actor *authz.Actor, v *Version, revision int, f files.File, body []byte, write func(*Content, uuid.UUID) error) error {
	file, err := s.files.Put(ctx, f, body)
	if err != nil {
		return err
	}
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		v, err := s.lockMine(ctx, actor, "edit", v.Service)
		if err != nil {
			return err
		}
		if err := v.change(actor.Account, revision, s.now()); err != nil {
			return err
		}
		if err := write(&v.Content, file); err != nil {
			return err
		}
		if err := insertFile(ctx, file, v); err != nil {
			return err
		}
		return saveVersion(ctx, v)
	})
	if err != nil && problem.Of(err).Kind != problem.Internal { // else it may have been kept, and only the answer lost: a sweep finds out
		if failed := s.files.Drop(ctx, file); failed != nil {
			return failed
		}
	}
	return err
}

// RemovePicture takes the picture out of the open version.
func (s *Service) RemovePicture(ctx context.Context, actor *authz.Actor, id uuid.UUID, revision int) error {
	_, err := s.Save(ctx, actor, id, revision, func(c *Content) { c.Picture = uuid.Nil })
	return err
}

// RemoveDocument takes a document out of the open version. Errors: problem.ErrNotFound.
func (s *Service) RemoveDocument(ctx context.Context, actor *authz.Actor, id uuid.UUID, revision int, file uuid.UUID) error {
	found := false
	err := s.db.Tx(ctx, func(ctx context.Context) error {
		_, err := s.Save(ctx, actor, id, revision, func(c *Content) {
			rest := slices.DeleteFunc(slices.Clone(c.Attachments), func(a catalogue.Attachment) bool { return a.ID == file })
			found, c.Attachments = len(rest) < len(c.Attachments), rest
		})
		if err == nil && !found {
			err = problem.ErrNotFound
		}
		return err
	})
	return err
}

// reveal makes public what a published version shows, and private what it shows no more.
func (s *Service) reveal(ctx context.Context, service uuid.UUID, c *Content) error {
	all, err := filesOf(ctx, service)
	if err != nil {
		return err
	}
	if err := s.files.Show(ctx, shelfOfFiles, all, false); err != nil || c == nil {
		return err
	}
	shown := []uuid.UUID{c.Picture}
	for _, a := range c.Attachments {
		shown = append(shown, a.ID)
	}
	return s.files.Show(ctx, shelfOfFiles, shown, true)
}

// keptDays is how long a file stays that no version refers to: one may have second thoughts about a draft.
const keptDays = 30

// sweepFiles gives up what was uploaded for drafts and taken out or discarded with them; the file store's sweeper takes it away.
func (s *Service) sweepFiles(ctx context.Context) error {
	return s.db.Tx(ctx, func(ctx context.Context) error {
		before := s.now().AddDate(0, 0, -keptDays)
		lost, err := takeLost(ctx, before)
		if err != nil {
			return err
		}
		for _, id := range lost {
			if err := s.files.Drop(ctx, id); err != nil {
				return err
			}
		}
		kept, err := allFiles(ctx)
		if err != nil {
			return err
		}
		return s.files.Abandon(ctx, shelfOfFiles, before, kept)
	})
}
