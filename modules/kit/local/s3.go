package local

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
)

// Bucket is the one bucket that StartS3 makes.
const Bucket = "welfarex"

// S3 is a running object store that keeps its objects as files.
type S3 struct {
	endpoint  string
	accessKey string
	secretKey string
	dir       string
	temp      bool
	lock      *os.File

	cancel context.CancelFunc
	done   chan struct{}
	err    error // why it ended, once done
	stop   sync.Once
}

// StartS3 serves the folder (a temporary one when "") on the address (a free port of 127.0.0.1 when "")
// and returns once the bucket is there. One at a time in a process: a second one is an error.
// The context bounds the start only. It keeps no secrets from whoever can read the folder.
func StartS3(ctx context.Context, dir, addr, accessKey, secretKey string) (*S3, error) {
	s := &S3{dir: dir, accessKey: accessKey, secretKey: secretKey}
	if err := s.start(ctx, addr); err != nil {
		s.Stop()
		return nil, fmt.Errorf("s3: %w", err)
	}
	return s, nil
}

func (s *S3) start(ctx context.Context, addr string) error {
	if err := s.openDir(); err != nil {
		return err
	}
	for attempt := 0; ; attempt++ {
		endpoint, chosen, err := chooseAddr(addr)
		if err != nil {
			return err
		}
		s.endpoint = endpoint
		if err := s.run(); err != nil {
			return err
		}
		err = s.waitReady(ctx)
		if err == nil || !chosen || attempt == 5 || !s.ended() {
			return err
		}
	}
}

func (s *S3) openDir() (err error) {
	if s.dir == "" {
		s.temp = true
		if s.dir, err = os.MkdirTemp("", "welfarex-s3-"); err != nil {
			return err
		}
	}
	if s.dir, err = filepath.Abs(s.dir); err != nil {
		return err
	}
	for _, sub := range []string{s.objects(), s.metadata()} {
		if err := os.MkdirAll(sub, 0o700); err != nil {
			return err
		}
	}
	s.lock, err = lockDir(s.dir)
	return err
}

func (s *S3) objects() string  { return filepath.Join(s.dir, "objects") }
func (s *S3) metadata() string { return filepath.Join(s.dir, "metadata") }

// chooseAddr turns port 0 into a free one, for the gateway does not tell which one it took.
func chooseAddr(addr string) (endpoint string, chosen bool, err error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", false, err
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return "", false, err
	}
	free := l.Addr().(*net.TCPAddr).Port
	return net.JoinHostPort(host, strconv.Itoa(free)), port == "0", l.Close()
}

func (s *S3) run() error {
	files, err := s.backend()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	s.cancel, s.done = cancel, done
	go func() {
		defer close(done)
		s.err = embedgw.RunVersityGW(ctx, files, &embedgw.Config{
			RootUserAccess: s.accessKey, RootUserSecret: s.secretKey, Ports: []string{s.endpoint},
			MaxConnections: 1024, MaxRequests: 512, MultipartMaxParts: 10_000,
			KeepAlive: true, Quiet: true, DisableACLs: true,
			IAMService: oneAccount{auth.NewIAMServiceSingle(auth.Account{
				Access: s.accessKey, Secret: s.secretKey, Role: auth.RoleAdmin,
			})},
		})
	}()
	return nil
}

// oneAccount answers a stranger as S3 does: 403, not 404.
type oneAccount struct{ auth.IAMService }

func (a oneAccount) GetUserAccount(access string) (auth.Account, error) {
	account, err := a.IAMService.GetUserAccount(access)
	if err != nil {
		return account, auth.ErrNoSuchUser
	}
	return account, nil
}

func (s *S3) backend() (*rooted, error) {
	sidecar, err := meta.NewSideCar(s.metadata())
	if err != nil {
		return nil, err
	}
	opts := posix.PosixOpts{CopyObjectThreshold: 5 << 30, ForceNoObjLockFile: true}
	opts.SetNewDirPerm(0o700)
	opts.SetNewFilePerm(0o600)
	return newRooted(s.objects(), sidecar, opts)
}

// waitReady returns when the gateway listens and the bucket is there.
func (s *S3) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for !listens(ctx, s.endpoint) {
		select {
		case <-s.done:
			return s.err
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	client, err := s.Client()
	if err != nil {
		return err
	}
	return makeBucket(ctx, client)
}

func listens(ctx context.Context, addr string) bool {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}

func makeBucket(ctx context.Context, client *minio.Client) error {
	exists, err := client.BucketExists(ctx, Bucket)
	if err != nil || exists {
		return err
	}
	return client.MakeBucket(ctx, Bucket, minio.MakeBucketOptions{})
}

// Client is a client with the keys of the store. It keeps no connection open, for which the store would wait ten seconds when it stops.
func (s *S3) Client() (*minio.Client, error) {
	transport, err := minio.DefaultTransport(false)
	if err != nil {
		return nil, err
	}
	transport.DisableKeepAlives = true
	return minio.New(s.endpoint, &minio.Options{
		Creds: credentials.NewStaticV4(s.accessKey, s.secretKey, ""), Region: "us-east-1", Transport: transport,
	})
}

// URL is the endpoint with its scheme.
func (s *S3) URL() string { return "http://" + s.endpoint }

// Stop lets requests in flight end and keeps the objects; a second call changes nothing.
func (s *S3) Stop() {
	s.stop.Do(func() {
		if s.cancel != nil {
			s.cancel()
			<-s.done
		}
		if s.lock != nil {
			_ = s.lock.Close()
		}
		if s.temp && s.dir != "" {
			_ = os.RemoveAll(s.dir)
		}
	})
}

func (s *S3) ended() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}
