package local

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
)

// rooted keeps the gateway's file backend from ruling the whole process: that backend opens every bucket
// relative to the working directory and changes into its root to do so. Here each bucket becomes
// an absolute path, and the working directory stays as it is. It does what a client of plain S3
// uses; policies, versions, CORS, web sites and locks answer "not implemented".
type rooted struct {
	backend.BackendUnsupported
	posix *posix.Posix
	root  string
}

func newRooted(root string, attributes meta.MetadataStorer, opts posix.PosixOpts) (*rooted, error) {
	files, err := posix.New(".", unrooted{attributes}, opts) // "." so that its Chdir changes nothing
	if err != nil {
		return nil, err
	}
	return &rooted{posix: files, root: root}, nil
}

func (r *rooted) String() string { return r.posix.String() }
func (r *rooted) Shutdown()      { r.posix.Shutdown() }

func (r *rooted) path(bucket string) string { return filepath.Join(r.root, bucket) }

func (r *rooted) at(bucket *string) *string {
	if bucket == nil {
		return nil
	}
	path := r.path(*bucket)
	return &path
}

func (r *rooted) NormalizeObjectKey(bucket, object string) string {
	return r.posix.NormalizeObjectKey(r.path(bucket), object)
}

func (r *rooted) ListBuckets(_ context.Context, in s3response.ListBucketsInput) (out s3response.ListAllMyBucketsResult, err error) {
	entries, err := os.ReadDir(r.root)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !e.IsDir() || !strings.HasPrefix(e.Name(), in.Prefix) || e.Name() <= in.ContinuationToken {
			continue
		}
		out.Buckets.Bucket = append(out.Buckets.Bucket, s3response.ListAllMyBucketsEntry{Name: e.Name(), CreationDate: info.ModTime()})
	}
	out.Owner.ID, out.Prefix = in.Owner, in.Prefix
	return out, err
}

func (r *rooted) HeadBucket(ctx context.Context, in *s3.HeadBucketInput) (*s3.HeadBucketOutput, error) {
	c := *in
	c.Bucket = r.at(in.Bucket)
	return r.posix.HeadBucket(ctx, &c)
}

func (r *rooted) CreateBucket(ctx context.Context, in *s3.CreateBucketInput, acl []byte) error {
	c := *in
	c.Bucket = r.at(in.Bucket)
	return r.posix.CreateBucket(ctx, &c, acl)
}

func (r *rooted) DeleteBucket(ctx context.Context, bucket string) error {
	return r.posix.DeleteBucket(ctx, r.path(bucket))
}

func (r *rooted) GetBucketAcl(ctx context.Context, in *s3.GetBucketAclInput) ([]byte, error) {
	c := *in
	c.Bucket = r.at(in.Bucket)
	return r.posix.GetBucketAcl(ctx, &c)
}

func (r *rooted) GetBucketVersioning(ctx context.Context, bucket string) (s3response.GetBucketVersioningOutput, error) {
	return r.posix.GetBucketVersioning(ctx, r.path(bucket))
}

func (r *rooted) GetBucketPolicy(ctx context.Context, bucket string) ([]byte, error) {
	return r.posix.GetBucketPolicy(ctx, r.path(bucket))
}

func (r *rooted) GetBucketCors(ctx context.Context, bucket string) ([]byte, error) {
	return r.posix.GetBucketCors(ctx, r.path(bucket))
}

func (r *rooted) GetBucketOwnershipControls(ctx context.Context, bucket string) (types.ObjectOwnership, error) {
	return r.posix.GetBucketOwnershipControls(ctx, r.path(bucket))
}

func (r *rooted) GetObjectLockConfiguration(ctx context.Context, bucket string) ([]byte, error) {
	return r.posix.GetObjectLockConfiguration(ctx, r.path(bucket))
}

func (r *rooted) PutObject(ctx context.Context, in s3response.PutObjectInput) (s3response.PutObjectOutput, error) {
	in.Bucket = r.at(in.Bucket)
	return r.posix.PutObject(ctx, in)
}

func (r *rooted) HeadObject(ctx context.Context, in *s3.HeadObjectInput) (*s3.HeadObjectOutput, error) {
	c := *in
	c.Bucket = r.at(in.Bucket)
	return r.posix.HeadObject(ctx, &c)
}

func (r *rooted) GetObject(ctx context.Context, in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
	c := *in
	c.Bucket = r.at(in.Bucket)
	return r.posix.GetObject(ctx, &c)
}

func (r *rooted) GetObjectAttributes(ctx context.Context, in *s3.GetObjectAttributesInput) (s3response.GetObjectAttributesResponse, error) {
	c := *in
	c.Bucket = r.at(in.Bucket)
	return r.posix.GetObjectAttributes(ctx, &c)
}

func (r *rooted) DeleteObject(ctx context.Context, in *s3.DeleteObjectInput) (*s3.DeleteObjectOutput, error) {
	c := *in
	c.Bucket = r.at(in.Bucket)
	return r.posix.DeleteObject(ctx, &c)
}

func (r *rooted) DeleteObjects(ctx context.Context, in *s3.DeleteObjectsInput) (s3response.DeleteResult, error) {
	c := *in
	c.Bucket = r.at(in.Bucket)
	return r.posix.DeleteObjects(ctx, &c)
}

func (r *rooted) ListObjects(ctx context.Context, in *s3.ListObjectsInput) (s3response.ListObjectsResult, error) {
	c := *in
	c.Bucket = r.at(in.Bucket)
	out, err := r.posix.ListObjects(ctx, &c)
	out.Name = in.Bucket
	return out, err
}

func (r *rooted) ListObjectsV2(ctx context.Context, in *s3.ListObjectsV2Input) (s3response.ListObjectsV2Result, error) {
	c := *in
	c.Bucket = r.at(in.Bucket)
	out, err := r.posix.ListObjectsV2(ctx, &c)
	out.Name = in.Bucket
	return out, err
}

func (r *rooted) GetObjectTagging(ctx context.Context, bucket, object, version string) (map[string]string, error) {
	return r.posix.GetObjectTagging(ctx, r.path(bucket), object, version)
}

func (r *rooted) PutObjectTagging(ctx context.Context, bucket, object, version string, tags map[string]string) error {
	return r.posix.PutObjectTagging(ctx, r.path(bucket), object, version, tags)
}

func (r *rooted) DeleteObjectTagging(ctx context.Context, bucket, object, version string) error {
	return r.posix.DeleteObjectTagging(ctx, r.path(bucket), object, version)
}

func (r *rooted) CreateMultipartUpload(ctx context.Context, in s3response.CreateMultipartUploadInput) (s3response.InitiateMultipartUploadResult, error) {
	bucket := in.Bucket
	in.Bucket = r.at(bucket)
	out, err := r.posix.CreateMultipartUpload(ctx, in)
	out.Bucket = *bucket
	return out, err
}

func (r *rooted) UploadPart(ctx context.Context, in *s3.UploadPartInput) (*s3.UploadPartOutput, error) {
	c := *in
	c.Bucket = r.at(in.Bucket)
	return r.posix.UploadPart(ctx, &c)
}

func (r *rooted) CompleteMultipartUpload(ctx context.Context, in *s3.CompleteMultipartUploadInput) (s3response.CompleteMultipartUploadResult, string, error) {
	c := *in
	c.Bucket = r.at(in.Bucket)
	out, version, err := r.posix.CompleteMultipartUpload(ctx, &c)
	out.Bucket = in.Bucket
	return out, version, err
}

func (r *rooted) AbortMultipartUpload(ctx context.Context, in *s3.AbortMultipartUploadInput) error {
	c := *in
	c.Bucket = r.at(in.Bucket)
	return r.posix.AbortMultipartUpload(ctx, &c)
}

func (r *rooted) ListMultipartUploads(ctx context.Context, in *s3.ListMultipartUploadsInput) (s3response.ListMultipartUploadsResult, error) {
	c := *in
	c.Bucket = r.at(in.Bucket)
	out, err := r.posix.ListMultipartUploads(ctx, &c)
	out.Bucket = *in.Bucket
	return out, err
}

func (r *rooted) ListParts(ctx context.Context, in *s3.ListPartsInput) (s3response.ListPartsResult, error) {
	c := *in
	c.Bucket = r.at(in.Bucket)
	out, err := r.posix.ListParts(ctx, &c)
	out.Bucket = *in.Bucket
	return out, err
}

// CopyObject reads and writes, for the file backend reads the source's bucket out of a header.
func (r *rooted) CopyObject(ctx context.Context, in s3response.CopyObjectInput) (out s3response.CopyObjectOutput, err error) {
	if in.Bucket == nil || in.Key == nil || in.CopySource == nil {
		return out, s3err.GetAPIError(s3err.ErrInvalidRequest)
	}
	bucket, key, version, err := backend.ParseCopySource(*in.CopySource)
	if err != nil {
		return out, err
	}
	replace := in.MetadataDirective == types.MetadataDirectiveReplace
	if bucket == *in.Bucket && key == *in.Key && !replace {
		return out, s3err.GetAPIError(s3err.ErrInvalidCopyDest)
	}
	source, err := r.GetObject(ctx, &s3.GetObjectInput{
		Bucket: &bucket, Key: &key, VersionId: orNil(version),
		IfMatch: in.CopySourceIfMatch, IfNoneMatch: in.CopySourceIfNoneMatch,
		IfModifiedSince: in.CopySourceIfModifiedSince, IfUnmodifiedSince: in.CopySourceIfUnmodifiedSince,
	})
	if err != nil {
		return out, err
	}
	defer source.Body.Close()
	put, err := r.PutObject(ctx, copyInput(in, source, replace))
	if err != nil {
		return out, err
	}
	if in.TaggingDirective != types.TaggingDirectiveReplace {
		if err := r.copyTags(ctx, bucket, key, *in.Bucket, *in.Key); err != nil {
			return out, err
		}
	}
	return r.copied(ctx, in, put)
}

// copyInput is the source's content with its own properties or with the new ones.
func copyInput(in s3response.CopyObjectInput, source *s3.GetObjectOutput, replace bool) s3response.PutObjectInput {
	put := s3response.PutObjectInput{
		Bucket: in.Bucket, Key: in.Key, Body: source.Body, ContentLength: source.ContentLength,
		ExpectedBucketOwner: in.ExpectedBucketOwner, ChecksumAlgorithm: in.ChecksumAlgorithm,
		ContentType: in.ContentType, ContentEncoding: in.ContentEncoding, ContentDisposition: in.ContentDisposition,
		ContentLanguage: in.ContentLanguage, CacheControl: in.CacheControl, Expires: in.Expires, Metadata: in.Metadata,
	}
	if !replace {
		put.ContentType, put.ContentEncoding, put.ContentDisposition = source.ContentType, source.ContentEncoding, source.ContentDisposition
		put.ContentLanguage, put.CacheControl, put.Expires = source.ContentLanguage, source.CacheControl, source.ExpiresString
		put.Metadata = source.Metadata
	}
	if in.TaggingDirective == types.TaggingDirectiveReplace {
		put.Tagging = in.Tagging
	}
	return put
}

func (r *rooted) copyTags(ctx context.Context, fromBucket, from, toBucket, to string) error {
	tags, err := r.GetObjectTagging(ctx, fromBucket, from, "")
	if errors.Is(err, s3err.GetAPIError(s3err.ErrBucketTaggingNotFound)) || len(tags) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	return r.PutObjectTagging(ctx, toBucket, to, "", tags)
}

func (r *rooted) copied(ctx context.Context, in s3response.CopyObjectInput, put s3response.PutObjectOutput) (out s3response.CopyObjectOutput, err error) {
	head, err := r.HeadObject(ctx, &s3.HeadObjectInput{Bucket: in.Bucket, Key: in.Key})
	if err != nil {
		return out, err
	}
	out.CopyObjectResult = &s3response.CopyObjectResult{
		ETag: &put.ETag, LastModified: head.LastModified, ChecksumType: put.ChecksumType,
		ChecksumCRC32: put.ChecksumCRC32, ChecksumCRC32C: put.ChecksumCRC32C, ChecksumCRC64NVME: put.ChecksumCRC64NVME,
		ChecksumSHA1: put.ChecksumSHA1, ChecksumSHA256: put.ChecksumSHA256,
	}
	return out, nil
}

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// unrooted takes the root off again before attributes are kept, so that the folder may be moved.
type unrooted struct{ meta.MetadataStorer }

func (u unrooted) RetrieveAttribute(f *os.File, bucket, object, attribute string) ([]byte, error) {
	return u.MetadataStorer.RetrieveAttribute(f, filepath.Base(bucket), object, attribute)
}

func (u unrooted) StoreAttribute(f *os.File, bucket, object, attribute string, value []byte) error {
	return u.MetadataStorer.StoreAttribute(f, filepath.Base(bucket), object, attribute, value)
}

func (u unrooted) DeleteAttribute(bucket, object, attribute string) error {
	return u.MetadataStorer.DeleteAttribute(filepath.Base(bucket), object, attribute)
}

func (u unrooted) ListAttributes(bucket, object string) ([]string, error) {
	return u.MetadataStorer.ListAttributes(filepath.Base(bucket), object)
}

func (u unrooted) DeleteAttributes(bucket, object string) error {
	return u.MetadataStorer.DeleteAttributes(filepath.Base(bucket), object)
}

func (u unrooted) RenameObject(bucket, oldObject, newObject string) error {
	return u.MetadataStorer.RenameObject(filepath.Base(bucket), oldObject, newObject)
}
