package accounts

import (
	"bytes"
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/files"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/tenants"
)

// shelfOfActs is the module under which the file store keeps what people upload.
const shelfOfActs = "accounts"

// mostActBytes is the heaviest act: a photograph.
const mostActBytes = files.MostPictureBytes

// Guard tells the file store who reads an act: the person themselves, and whoever decides, which the person can see afterwards.
func (s *Service) Guard() {
	s.files.Guard(shelfOfActs, func(ctx context.Context, actor *authz.Actor, f files.File) error {
		account, member, err := s.memberOfAct(ctx, f.ID)
		if err != nil {
			return err
		}
		if actor != nil && actor.Account == account {
			return nil
		}
		if err := s.policy.Allow(actor, "read", "act"); err != nil {
			return err
		}
		return s.db.Tx(ctx, func(ctx context.Context) error {
			return tenants.Audit(ctx, tenants.Entry{Actor: actor.ID(), SubjectKind: memberKind, Subject: member.String(), Verb: "member_act_read", Purpose: "decision"})
		})
	})
}

// Represented gives a person of one's household for whom one acts by a document. Errors: problem.ErrNotFound.
func (s *Service) Represented(ctx context.Context, actor *authz.Actor, id uuid.UUID) (Member, error) {
	m, err := s.HouseholdMember(ctx, actor, id)
	if err == nil && !m.Rests() {
		err = problem.ErrNotFound
	}
	return m, err
}

// AddAct keeps the document on which one acts for a person, instead of the one there was.
func (s *Service) AddAct(ctx context.Context, actor *authz.Actor, id uuid.UUID, raw []byte) error {
	if _, err := s.Represented(ctx, actor, id); err != nil {
		return err
	}
	contentType, body, err := act(ctx, raw)
	if err != nil {
		return err
	}
	file, err := s.files.Put(ctx, files.File{Module: shelfOfActs, Name: actNames[contentType], ContentType: contentType, Owner: actor.Account}, body)
	if err != nil {
		return err
	}
	if err := s.exchangeAct(ctx, actor, id, file, "member_act_added"); err != nil {
		if problem.Of(err).Kind == problem.Internal { // it may have been kept, and only the answer lost: a sweep finds out
			return err
		}
		return errors.Join(err, s.files.Drop(ctx, file))
	}
	return nil
}

// RemoveAct takes the document away. Errors: problem.ErrNotFound.
func (s *Service) RemoveAct(ctx context.Context, actor *authz.Actor, id uuid.UUID) error {
	m, err := s.Represented(ctx, actor, id)
	if err == nil && m.Act == uuid.Nil {
		err = problem.ErrNotFound
	}
	if err != nil {
		return err
	}
	return s.exchangeAct(ctx, actor, id, uuid.Nil, "member_act_removed")
}

// exchangeAct puts one document in another's place, and gives up the other.
func (s *Service) exchangeAct(ctx context.Context, actor *authz.Actor, id, file uuid.UUID, verb string) error {
	return s.db.Tx(ctx, func(ctx context.Context) error {
		_, list, err := lockHousehold(ctx, actor.Account)
		if err != nil {
			return err
		}
		m, err := memberOf(list, id)
		if err != nil {
			return err
		}
		if !m.Rests() {
			return problem.ErrNotFound
		}
		if err := saveAct(ctx, id, file, s.now()); err != nil {
			return err
		}
		if err := s.dropActs(ctx, m); err != nil {
			return err
		}
		return auditMember(ctx, actor, id, verb)
	})
}

// dropActs gives up the documents of people to whom they no longer belong; the file store's sweeper takes them away.
func (s *Service) dropActs(ctx context.Context, members ...Member) error {
	for _, m := range members {
		if m.Act == uuid.Nil {
			continue
		}
		if err := s.files.Drop(ctx, m.Act); err != nil {
			return err
		}
	}
	return nil
}

// strayDays is how long a document waits for its row before it is given up.
const strayDays = 1

// sweepActs gives up documents that were stored and belong to nobody, because the program was cut off in between.
func (s *Service) sweepActs(ctx context.Context) error {
	if s.files == nil {
		return nil
	}
	kept, err := allActs(ctx)
	if err != nil {
		return err
	}
	return s.files.Abandon(ctx, shelfOfActs, s.now().AddDate(0, 0, -strayDays), kept)
}

// actNames are how acts are offered for saving: what the person's own file was called is nobody's business.
var actNames = map[string]string{"application/pdf": "documento.pdf", "image/jpeg": "documento.jpg", "image/png": "documento.png"}

// act takes a PDF as it is, if it can only be read, and a picture made anew.
func act(ctx context.Context, raw []byte) (contentType string, body []byte, err error) {
	if bytes.HasPrefix(raw, []byte("%PDF-")) {
		return "application/pdf", raw, files.Document(ctx, raw)
	}
	contentType, body, err = files.Picture(ctx, raw)
	if errors.Is(err, files.ErrPictureKind) {
		err = ErrActKind
	}
	return contentType, body, err
}
