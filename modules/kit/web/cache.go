package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/klauspost/compress/gzip"

	"github.com/welfarex/welfarex/modules/kit/ui"
)

// The page cache keeps anonymous pages, compressed. Its key begins with the city and its version: another city cannot
// meet it, and any change that a visitor could see starts afresh in every process. It is bound by what it takes, however many
// cities there are: some four thousand pages.
const (
	cachedBytes   = 32 << 20
	cachedMaxSize = 64 << 10 // compressed
	cachedMaxKey  = 1 << 10
	cachedEntry   = 512         // what an entry takes besides page and address
	cachedFor     = time.Minute // "open now" is never older than this
)

type pageKey struct {
	city    uuid.UUID
	version int64
	lang    string
	address string // path and query as they were sent: fasthttp's tidied path is not the one that was routed
}

type cachedPage struct {
	gzip        []byte
	size        int // unpacked
	contentType string
	etag        string
	at          time.Time
}

type pageCache struct {
	mu    sync.Mutex
	pages *simplelru.LRU[pageKey, cachedPage]
	taken int
}

func newPageCache() *pageCache {
	c := &pageCache{}
	c.pages, _ = simplelru.NewLRU(cachedBytes/cachedEntry, func(k pageKey, p cachedPage) { c.taken -= weight(k, p) }) // fails only for a size below one
	return c
}

func weight(k pageKey, p cachedPage) int { return cap(p.gzip) + len(k.address) + cachedEntry }

func (c *pageCache) get(k pageKey) (cachedPage, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pages.Get(k)
}

// keep remembers a page in the place of those that were not asked for the longest.
func (c *pageCache) keep(k pageKey, p cachedPage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pages.Remove(k)
	c.taken += weight(k, p)
	for c.taken > cachedBytes {
		c.pages.RemoveOldest()
	}
	c.pages.Add(k, p)
}

// cached answers from memory, or renders and remembers. Headers that the page sets, but for its content type, are not remembered.
func (s *Server) cached(r *Request, route Route) error {
	key := pageKey{r.City.ID, r.City.Version, r.Lang, target(r.http)}
	page, ok := s.cache.get(key)
	if !ok || time.Since(page.at) > cachedFor {
		if err := route.Handle(r); err != nil {
			return err
		}
		if r.http.Response().StatusCode() != fiber.StatusOK {
			return compress(r.http)
		}
		body := r.http.Response().Body()
		page = cachedPage{gzip: bytes.Clone(gzipped(body)), size: len(body), contentType: string(r.http.Response().Header.ContentType()), at: time.Now()}
		sum := sha256.Sum256(page.gzip)
		page.etag = `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
		if len(page.gzip) <= cachedMaxSize && len(key.address) <= cachedMaxKey {
			s.cache.keep(key, page)
		}
	}
	c := r.http
	c.Response().Header.SetContentType(page.contentType)
	if !acceptsGzip(c) {
		c.Response().SetBodyRaw(page.unpacked())
		return nil
	}
	c.Set(fiber.HeaderETag, page.etag)
	if strings.Contains(c.Get(fiber.HeaderIfNoneMatch), page.etag) {
		c.Response().ResetBody()
		return c.SendStatus(fiber.StatusNotModified)
	}
	c.Set(fiber.HeaderContentEncoding, "gzip")
	c.Response().SetBodyRaw(page.gzip)
	return nil
}

func acceptsGzip(c *fiber.Ctx) bool { return ui.Accepts(c.Get(fiber.HeaderAcceptEncoding), "gzip") }

// packed are the types that would not become smaller.
var packed = regexp.MustCompile(`^(image/(png|jpeg)|application/(pdf|zip))`)

// compress packs a page for a browser that unpacks it.
func compress(c *fiber.Ctx) error {
	body := c.Response().Body()
	if len(body) < 1024 || !acceptsGzip(c) || len(c.Response().Header.ContentEncoding()) > 0 || packed.Match(c.Response().Header.ContentType()) {
		return nil
	}
	c.Set(fiber.HeaderContentEncoding, "gzip")
	c.Response().SetBodyRaw(gzipped(body))
	return nil
}

var gzips = sync.Pool{New: func() any { w, _ := gzip.NewWriterLevel(nil, 5); return w }}

func gzipped(body []byte) []byte {
	var out bytes.Buffer
	out.Grow(len(body) / 4)
	w := gzips.Get().(*gzip.Writer)
	defer gzips.Put(w)
	w.Reset(&out)
	if _, err := w.Write(body); err != nil {
		panic(fmt.Sprintf("gzip into memory: %v", err))
	}
	if err := w.Close(); err != nil {
		panic(fmt.Sprintf("gzip into memory: %v", err))
	}
	return out.Bytes()
}

// unpacked is the page for a client that takes it only so: still much less work than making it.
func (p cachedPage) unpacked() []byte {
	r, err := gzip.NewReader(bytes.NewReader(p.gzip))
	if err != nil {
		panic(fmt.Sprintf("unpack what we packed: %v", err))
	}
	body := make([]byte, p.size)
	if _, err := io.ReadFull(r, body); err != nil {
		panic(fmt.Sprintf("unpack what we packed: %v", err))
	}
	return body
}
