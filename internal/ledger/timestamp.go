package ledger

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// maxStamp bounds a time stamp in bytes; with a chain of certificates they take
// some 6 kB.
const maxStamp = 64 << 10

var (
	// ErrImprint means that a time stamp is of other bytes.
	ErrImprint = errors.New("the time stamp is of other bytes")
	// ErrAuthority means that a time stamp's certificate leads to no authority
	// that the reader trusts, or may not make time stamps.
	ErrAuthority = errors.New("the time stamp's authority is not trusted")
	// ErrRefused means that an authority answered without making a time stamp.
	ErrRefused = errors.New("the authority made no time stamp")
)

// Stamp is a verified time stamp: an authority's statement that the message
// existed at this time.
type Stamp struct {
	At        int64  // milliseconds UTC
	Authority string // subject of the certificate that signed
	Serial    string // decimal, unique within the authority
	Nonce     []byte // of the request it answers, without leading zeros; nil when it carries none
}

// StampTrust says whose time stamps are believed: those whose certificate is
// pinned, or leads to one of the roots. The zero value believes nobody.
type StampTrust struct {
	Roots         *x509.CertPool
	Intermediates []*x509.Certificate // help to build a chain, trusted for nothing by themselves
	Pinned        []*x509.Certificate // signing certificates
}

type tstInfo struct {
	Version    int
	Policy     asn1.ObjectIdentifier
	Imprint    imprint
	Serial     *big.Int
	Time       time.Time        `asn1:"generalized"`
	Accuracy   tstAccuracy      `asn1:"optional"`
	Ordering   bool             `asn1:"optional,default:false"`
	Nonce      *big.Int         `asn1:"optional"`
	TSA        asn1.RawValue    `asn1:"explicit,optional,tag:0"`
	Extensions []pkix.Extension `asn1:"optional,tag:1"`
}

type tstAccuracy struct {
	Seconds int64 `asn1:"optional"`
	Millis  int64 `asn1:"optional,tag:0"`
	Micros  int64 `asn1:"optional,tag:1"`
}

type imprint struct {
	Algorithm pkix.AlgorithmIdentifier
	Hash      []byte
}

type tsRequest struct {
	Version int
	Imprint imprint
	Nonce   *big.Int `asn1:"optional"`
	CertReq bool     `asn1:"optional,default:false"`
}

// TimestampRequest is the query (RFC 3161, section 2.4.1) for a stamp of the
// message with this SHA-256 digest. It asks for the signing certificate. The
// nonce is random bytes, at most 32, or nil for none; the answer must carry it.
func TimestampRequest(digest Hash, nonce []byte) ([]byte, error) {
	if len(nonce) > 32 {
		return nil, errors.New("timestamp request: a nonce is at most 32 bytes")
	}
	r := tsRequest{
		Version: 1,
		Imprint: imprint{Algorithm: pkix.AlgorithmIdentifier{Algorithm: oidSHA256, Parameters: asn1.NullRawValue}, Hash: digest[:]},
		CertReq: true,
	}
	if len(nonce) > 0 {
		r.Nonce = new(big.Int).SetBytes(nonce)
	}
	der, err := asn1.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("timestamp request: %w", err)
	}
	return der, nil
}

// Answers reports whether the stamp carries the nonce of this request.
func (s Stamp) Answers(nonce []byte) bool {
	return s.Nonce != nil && bytes.Equal(s.Nonce, new(big.Int).SetBytes(nonce).Bytes())
}

// VerifyTimestamp checks a time stamp of message, in DER: the authority's whole
// answer (TimeStampResp) or the token in it. Checked are the SHA-256 imprint,
// the one signature over it, and that the certificate was valid at the stamped
// time, is for time stamping alone, and is pinned or leads to a root.
//
// Errors: ErrRefused, ErrImprint, ErrSignature, ErrAuthority, or what makes the
// bytes no time stamp. Whether a certificate was revoked is not asked.
func VerifyTimestamp(der, message []byte, trust StampTrust) (Stamp, error) {
	stamp, err := verifyTimestamp(der, message, trust)
	if err != nil {
		return Stamp{}, fmt.Errorf("verify time stamp: %w", err)
	}
	return stamp, nil
}

func verifyTimestamp(der, message []byte, trust StampTrust) (Stamp, error) {
	if len(der) > maxStamp {
		return Stamp{}, fmt.Errorf("over %d bytes", maxStamp)
	}
	token, err := tokenOf(der)
	if err != nil {
		return Stamp{}, err
	}
	content, certs, by, err := parseToken(token)
	if err != nil {
		return Stamp{}, err
	}
	info, err := parseTSTInfo(content)
	if err != nil {
		return Stamp{}, err
	}
	digest := sha256.Sum256(message)
	if !info.Imprint.Algorithm.Algorithm.Equal(oidSHA256) || !bytes.Equal(info.Imprint.Hash, digest[:]) {
		return Stamp{}, ErrImprint
	}
	cert := signerCertificate(by, certs, trust)
	if cert == nil {
		return Stamp{}, fmt.Errorf("its certificate is missing: %w", ErrAuthority)
	}
	if err := by.verify(content, cert); err != nil {
		return Stamp{}, err
	}
	if err := trust.check(cert, certs, info.Time); err != nil {
		return Stamp{}, err
	}
	stamp := Stamp{At: info.Time.UnixMilli(), Authority: cert.Subject.String(), Serial: info.Serial.String()}
	if info.Nonce != nil {
		stamp.Nonce = append([]byte{}, info.Nonce.Bytes()...)
	}
	return stamp, nil
}

// tokenOf takes the token out of an answer. A token begins with an object
// identifier, an answer with its status.
func tokenOf(der []byte) ([]byte, error) {
	var outer struct {
		First  asn1.RawValue
		Second asn1.RawValue `asn1:"optional"`
	}
	if err := unmarshalWhole(der, &outer); err != nil {
		return nil, errors.New("it is not DER")
	}
	if outer.First.Tag == asn1.TagOID {
		return der, nil
	}
	var status struct{ Status int } // texts and reasons may follow
	if _, err := asn1.Unmarshal(outer.First.FullBytes, &status); err != nil {
		return nil, errors.New("it is neither an answer nor a token")
	}
	if status.Status != 0 && status.Status != 1 || len(outer.Second.FullBytes) == 0 {
		return nil, fmt.Errorf("status %d: %w", status.Status, ErrRefused)
	}
	return outer.Second.FullBytes, nil
}

func parseTSTInfo(content []byte) (tstInfo, error) {
	var info tstInfo
	if err := unmarshalWhole(content, &info); err != nil || info.Version != 1 {
		return tstInfo{}, errors.New("its content is malformed")
	}
	if slices.ContainsFunc(info.Extensions, func(e pkix.Extension) bool { return e.Critical }) {
		return tstInfo{}, errors.New("it has a critical extension that is not known")
	}
	return info, nil
}

func signerCertificate(s signer, certs []*x509.Certificate, trust StampTrust) *x509.Certificate {
	for _, list := range [][]*x509.Certificate{trust.Pinned, certs, trust.Intermediates} {
		if i := slices.IndexFunc(list, s.identifies); i >= 0 {
			return list[i]
		}
	}
	return nil
}

var (
	oidExtKeyUsage  = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidTimeStamping = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}
)

// check decides whether the certificate may have made a time stamp at that
// time.
func (t StampTrust) check(cert *x509.Certificate, certs []*x509.Certificate, at time.Time) error {
	if !stampsOnly(cert) {
		return fmt.Errorf("its certificate is not for time stamping alone: %w", ErrAuthority)
	}
	if at.Before(cert.NotBefore) || at.After(cert.NotAfter) {
		return fmt.Errorf("its certificate was not valid at that time: %w", ErrAuthority)
	}
	if slices.ContainsFunc(t.Pinned, cert.Equal) {
		return nil
	}
	if t.Roots == nil { // a nil pool would mean the roots of this machine
		return ErrAuthority
	}
	helpers := x509.NewCertPool()
	for _, c := range slices.Concat(t.Intermediates, certs) {
		helpers.AddCert(c)
	}
	_, err := cert.Verify(x509.VerifyOptions{
		Roots: t.Roots, Intermediates: helpers, CurrentTime: at,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping},
	})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAuthority, err)
	}
	return nil
}

// stampsOnly reports whether the extended key usage is critical and is time
// stamping and nothing else (RFC 3161, section 2.3).
func stampsOnly(cert *x509.Certificate) bool {
	i := slices.IndexFunc(cert.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(oidExtKeyUsage) })
	if i < 0 || !cert.Extensions[i].Critical {
		return false
	}
	var usages []asn1.ObjectIdentifier
	return unmarshalWhole(cert.Extensions[i].Value, &usages) == nil && len(usages) == 1 && usages[0].Equal(oidTimeStamping)
}
