package files

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"

	"github.com/welfarex/welfarex/modules/kit/problem"
)

// What a document may be.
const (
	MostDocumentBytes = 5 << 20
	mostPages         = 200
	mostNesting       = 100
	mostDecoded       = 64 << 20 // bytes that one stream may become
	tail              = 1024     // bytes in which a PDF says that it ends
)

// Refusals of a document.
var (
	ErrDocumentHeavy  = problem.New(problem.Invalid, "files.document.heavy")
	ErrDocumentKind   = problem.New(problem.Invalid, "files.document.kind")
	ErrDocumentLocked = problem.New(problem.Invalid, "files.document.locked")
	ErrDocumentActive = problem.New(problem.Invalid, "files.document.active")
	ErrDocumentPages  = problem.New(problem.Invalid, "files.document.pages")
)

//words: files.document.heavy files.document.kind files.document.locked files.document.active files.document.pages

// Document refuses all but a PDF that can only be read: whole, not encrypted, without scripts, actions or files inside.
func Document(ctx context.Context, raw []byte) (err error) {
	defer func() {
		if p := recover(); p != nil { // whatever a broken file does to its reader
			err = ErrDocumentKind
		}
	}()
	switch {
	case len(raw) == 0:
		return ErrMissing
	case len(raw) > MostDocumentBytes:
		return ErrDocumentHeavy
	case !bytes.HasPrefix(raw, []byte("%PDF-")), !bytes.Contains(raw[max(0, len(raw)-tail):], []byte("%%EOF")):
		return ErrDocumentKind
	}
	pdf, err := api.ReadContext(bytes.NewReader(raw), offline())
	switch {
	case err != nil && bytes.Contains(raw, []byte("/Encrypt")):
		return ErrDocumentLocked
	case err != nil:
		return fmt.Errorf("%w: %w", ErrDocumentKind, errors.New(err.Error())) // its own kinds of errors mean nothing here
	case pdf.Encrypt != nil:
		return ErrDocumentLocked
	}
	look := inspection{ctx}
	for _, entry := range pdf.Table {
		if entry != nil && look.active(entry.Object, 0) {
			return ErrDocumentActive
		}
	}
	if err := pdf.EnsurePageCount(); err != nil || pdf.PageCount == 0 {
		return ErrDocumentKind
	}
	if pdf.PageCount > mostPages {
		return ErrDocumentPages
	}
	return nil
}

// offline is the reader's configuration: it keeps no folder of its own.
func offline() *model.Configuration {
	api.DisableConfigDir()
	conf := model.NewDefaultConfiguration()
	conf.Offline = true
	conf.Limits.MaxStreamBytes, conf.Limits.MaxDecodeBytes = MostDocumentBytes, mostDecoded
	return conf
}

var (
	activeKeys    = []string{"JS", "JavaScript", "AA", "Launch", "EF", "EmbeddedFiles", "AF", "XFA", "RichMediaContent", "RichMediaSettings", "Collection"}
	activeActions = []string{"JavaScript", "Launch", "SubmitForm", "ImportData", "GoToE", "Rendition", "Movie", "Sound", "RichMediaExecute", "GoTo3DView"}
	activeTypes   = []string{"EmbeddedFile", "FileAttachment", "RichMedia", "Movie", "Sound", "Screen", "3D"}
)

// inspection looks through the objects of a document.
type inspection struct{ ctx context.Context }

// active says whether an object can do more than be looked at. What it does not know is taken to.
func (i inspection) active(object types.Object, depth int) bool {
	if depth > mostNesting {
		return true
	}
	switch o := object.(type) {
	case nil, types.Name, types.StringLiteral, types.HexLiteral, types.Integer, types.Float, types.Boolean, types.IndirectRef, *types.IndirectRef:
		return false
	case types.Array:
		return slices.ContainsFunc(o, func(item types.Object) bool { return i.active(item, depth+1) })
	case types.LazyObjectStreamObject: // compressed, and not looked at before
		decoded, err := o.DecodedObject(i.ctx)
		return err != nil || i.active(decoded, depth+1)
	}
	d, ok := dictOf(object)
	return !ok || i.activeDict(d, depth)
}

// dictOf is a dictionary, or that of a stream.
func dictOf(object types.Object) (types.Dict, bool) {
	switch o := object.(type) {
	case types.Dict:
		return o, true
	case types.StreamDict:
		return o.Dict, true
	case *types.StreamDict:
		return o.Dict, true
	case types.ObjectStreamDict:
		return o.Dict, true
	case *types.ObjectStreamDict:
		return o.Dict, true
	case types.XRefStreamDict:
		return o.Dict, true
	case *types.XRefStreamDict:
		return o.Dict, true
	}
	return nil, false
}

func (i inspection) activeDict(d types.Dict, depth int) bool {
	for raw, value := range d {
		key, name := plainName(raw), nameOf(value)
		switch {
		case slices.Contains(activeKeys, key),
			key == "S" && slices.Contains(activeActions, name),
			(key == "Type" || key == "Subtype") && slices.Contains(activeTypes, name),
			key == "OpenAction" && opens(value),
			i.active(value, depth+1):
			return true
		}
	}
	return false
}

// opens says whether what happens on opening is more than going to a page. An action that stands elsewhere is judged by itself.
func opens(value types.Object) bool {
	switch v := value.(type) {
	case types.Array, types.IndirectRef, *types.IndirectRef:
		return false
	case types.Dict:
		return nameOf(v["S"]) != "GoTo"
	}
	return true
}

func nameOf(value types.Object) string {
	if name, ok := value.(types.Name); ok {
		return plainName(string(name))
	}
	return ""
}

// plainName writes a name without its #xx disguises.
func plainName(raw string) string {
	plain, err := types.DecodeName(raw)
	if err != nil {
		return raw
	}
	return plain
}
