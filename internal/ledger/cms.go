package ledger

import (
	"bytes"
	"crypto"
	_ "crypto/sha1"   // ESSCertID names certificates by it
	_ "crypto/sha256" // digests of signed attributes
	_ "crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
)

// What RFC 3161 needs of CMS (RFC 5652), strictly: one signer, signed
// attributes, DER. A general CMS reader accepts more, and each thing more is
// something a forger may use.

type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content signedData `asn1:"explicit,tag:0"`
}

type signedData struct {
	Version      int
	Digests      []pkix.AlgorithmIdentifier `asn1:"set"`
	Encapsulated struct {
		Type    asn1.ObjectIdentifier
		Content []byte `asn1:"explicit,tag:0"`
	}
	Certificates asn1.RawValue `asn1:"optional,tag:0"`
	CRLs         asn1.RawValue `asn1:"optional,tag:1"`
	Signers      []signerInfo  `asn1:"set"`
}

type signerInfo struct {
	Version   int
	ID        asn1.RawValue // issuer and serial number, or [0] subject key identifier
	Digest    pkix.AlgorithmIdentifier
	Signed    asn1.RawValue `asn1:"optional,tag:0"`
	Algorithm pkix.AlgorithmIdentifier
	Signature []byte
	Unsigned  asn1.RawValue `asn1:"optional,tag:1"`
}

// signer is a signerInfo with its signed attributes taken apart.
type signer struct {
	signerInfo
	attributes []attribute
}

type attribute struct {
	Type   asn1.ObjectIdentifier
	Values []asn1.RawValue `asn1:"set"`
}

type issuerAndSerial struct {
	Issuer asn1.RawValue
	Serial *big.Int
}

var (
	oidSignedData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidTSTInfo       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	oidContentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningCert   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 12}
	oidSigningCertV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	oidSHA256        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidSHA384        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}
	oidSHA512        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}
)

// parseToken reads a TimeStampToken down to its signer, and refuses another
// content type, more than one signer, and bytes after the end.
func parseToken(der []byte) (content []byte, certs []*x509.Certificate, by signer, err error) {
	var info contentInfo
	if err := unmarshalWhole(der, &info); err != nil {
		return nil, nil, by, fmt.Errorf("it is not a CMS message in DER: %w", err)
	}
	if again, err := asn1.Marshal(info); err != nil || !bytes.Equal(again, der) {
		return nil, nil, by, errors.New("it is not strict DER")
	}
	data := info.Content
	if data.Version != 3 {
		return nil, nil, by, fmt.Errorf("its CMS version is %d, want 3", data.Version)
	}
	if !info.Type.Equal(oidSignedData) || !data.Encapsulated.Type.Equal(oidTSTInfo) {
		return nil, nil, by, errors.New("it is not a signed time stamp")
	}
	if len(data.Signers) != 1 {
		return nil, nil, by, fmt.Errorf("it has %d signers, want 1", len(data.Signers))
	}
	by.signerInfo = data.Signers[0]
	if !slices.ContainsFunc(data.Digests, by.usesDigest) {
		return nil, nil, by, errors.New("its list of digests lacks the signer's")
	}
	if by.attributes, err = parseAttributes(by.Signed); err != nil {
		return nil, nil, by, err
	}
	if certs, err = x509.ParseCertificates(data.Certificates.Bytes); err != nil {
		return nil, nil, by, fmt.Errorf("its certificates: %w", err)
	}
	return data.Encapsulated.Content, certs, by, nil
}

func parseAttributes(raw asn1.RawValue) ([]attribute, error) {
	var out []attribute
	for rest := raw.Bytes; len(rest) > 0; {
		var a attribute
		var err error
		if rest, err = asn1.Unmarshal(rest, &a); err != nil || len(a.Values) != 1 {
			return nil, errors.New("its signed attributes are malformed")
		}
		out = append(out, a)
	}
	return out, nil
}

// attribute returns the one value of a signed attribute; ok is false when the
// attribute is absent or stands twice.
func (s signer) attribute(oid asn1.ObjectIdentifier) (value asn1.RawValue, ok bool) {
	for _, a := range s.attributes {
		if a.Type.Equal(oid) {
			if ok {
				return asn1.RawValue{}, false
			}
			value, ok = a.Values[0], true
		}
	}
	return value, ok
}

func (s signer) usesDigest(a pkix.AlgorithmIdentifier) bool {
	return a.Algorithm.Equal(s.Digest.Algorithm)
}

// identifies reports whether the signer names this certificate.
func (s signer) identifies(cert *x509.Certificate) bool {
	if s.ID.Class == asn1.ClassContextSpecific && s.ID.Tag == 0 {
		return s.Version == 3 && len(s.ID.Bytes) > 0 && bytes.Equal(s.ID.Bytes, cert.SubjectKeyId)
	}
	var id issuerAndSerial
	rest, err := asn1.Unmarshal(s.ID.FullBytes, &id)
	return s.Version == 1 && err == nil && len(rest) == 0 && bytes.Equal(id.Issuer.FullBytes, cert.RawIssuer) &&
		id.Serial.Cmp(cert.SerialNumber) == 0
}

// verify checks the signer's signature of content by the key of cert.
func (s signer) verify(content []byte, cert *x509.Certificate) error {
	digest, ok := hashOf(s.Digest.Algorithm)
	if !ok {
		return errors.New("its digest is none of SHA-256, SHA-384, SHA-512")
	}
	if err := s.checkContentType(); err != nil {
		return err
	}
	var claimed []byte
	value, ok := s.attribute(oidMessageDigest)
	if !ok || unmarshalWhole(value.FullBytes, &claimed) != nil || !bytes.Equal(claimed, sum(digest, content)) {
		return errors.New("its digest is not that of its content")
	}
	if err := s.checkSigningCert(cert); err != nil {
		return err
	}
	// Signed is the attributes as SET OF, whatever tag they stand under.
	signed := bytes.Clone(s.Signed.FullBytes)
	signed[0] = asn1.TagSet | 0x20
	algorithm, err := s.signatureAlgorithm(cert, digest)
	if err != nil {
		return err
	}
	if cert.CheckSignature(algorithm, signed, s.Signature) != nil {
		return ErrSignature
	}
	return nil
}

func (s signer) checkContentType() error {
	var oid asn1.ObjectIdentifier
	value, ok := s.attribute(oidContentType)
	if !ok || unmarshalWhole(value.FullBytes, &oid) != nil || !oid.Equal(oidTSTInfo) {
		return errors.New("its signature is not over a time stamp")
	}
	return nil
}

// checkSigningCert demands that the signature names the certificate by its hash
// (RFC 3161 section 2.4.2, RFC 5816), so that no other certificate of the same
// key can take its place.
func (s signer) checkSigningCert(cert *x509.Certificate) error {
	bad := errors.New("its signature does not name its certificate")
	if value, ok := s.attribute(oidSigningCertV2); ok {
		var v2 struct {
			Certs []struct {
				Raw asn1.RawContent
				// An algorithm, absent for SHA-256, stands before the hash.
				First  asn1.RawValue
				Second asn1.RawValue `asn1:"optional"`
			}
			Policies asn1.RawValue `asn1:"optional"`
		}
		if _, err := asn1.Unmarshal(value.FullBytes, &v2); err != nil || len(v2.Certs) == 0 {
			return bad
		}
		hash, digest := v2.Certs[0].First, crypto.SHA256
		if hash.Tag == asn1.TagSequence {
			var alg pkix.AlgorithmIdentifier
			if unmarshalWhole(hash.FullBytes, &alg) != nil {
				return bad
			}
			if digest, ok = hashOf(alg.Algorithm); !ok {
				return bad
			}
			hash = v2.Certs[0].Second
		}
		return equalOr(hash, sum(digest, cert.Raw), bad)
	}
	value, ok := s.attribute(oidSigningCert)
	if !ok {
		return bad
	}
	var v1 struct {
		Certs []struct {
			Hash   asn1.RawValue
			Issuer asn1.RawValue `asn1:"optional"`
		}
		Policies asn1.RawValue `asn1:"optional"`
	}
	if _, err := asn1.Unmarshal(value.FullBytes, &v1); err != nil || len(v1.Certs) == 0 {
		return bad
	}
	return equalOr(v1.Certs[0].Hash, sum(crypto.SHA1, cert.Raw), bad)
}

func equalOr(got asn1.RawValue, want []byte, bad error) error {
	if got.Tag != asn1.TagOctetString || !bytes.Equal(got.Bytes, want) {
		return bad
	}
	return nil
}

// signatureAlgorithm is the one named, which must fit the kind of key.
func (s signer) signatureAlgorithm(cert *x509.Certificate, digest crypto.Hash) (x509.SignatureAlgorithm, error) {
	unsupported := errors.New("its signature algorithm is not supported, or not one of its key")
	scheme, ok := schemes[s.Algorithm.Algorithm.String()]
	if !ok || scheme.key != cert.PublicKeyAlgorithm {
		return 0, unsupported
	}
	if scheme.digest != 0 {
		digest = scheme.digest
	}
	algorithm, ok := scheme.algorithms[digest]
	if !ok {
		return 0, unsupported
	}
	return algorithm, nil
}

type scheme struct {
	key        x509.PublicKeyAlgorithm
	digest     crypto.Hash // 0: the digest of the attributes
	algorithms map[crypto.Hash]x509.SignatureAlgorithm
}

var (
	rsaAlgorithms = map[crypto.Hash]x509.SignatureAlgorithm{
		crypto.SHA256: x509.SHA256WithRSA, crypto.SHA384: x509.SHA384WithRSA, crypto.SHA512: x509.SHA512WithRSA,
	}
	pssAlgorithms = map[crypto.Hash]x509.SignatureAlgorithm{
		crypto.SHA256: x509.SHA256WithRSAPSS, crypto.SHA384: x509.SHA384WithRSAPSS, crypto.SHA512: x509.SHA512WithRSAPSS,
	}
	ecdsaAlgorithms = map[crypto.Hash]x509.SignatureAlgorithm{
		crypto.SHA256: x509.ECDSAWithSHA256, crypto.SHA384: x509.ECDSAWithSHA384, crypto.SHA512: x509.ECDSAWithSHA512,
	}
	edAlgorithms = map[crypto.Hash]x509.SignatureAlgorithm{crypto.SHA512: x509.PureEd25519}

	schemes = map[string]scheme{
		"1.2.840.113549.1.1.1":  {x509.RSA, 0, rsaAlgorithms}, // rsaEncryption
		"1.2.840.113549.1.1.11": {x509.RSA, crypto.SHA256, rsaAlgorithms},
		"1.2.840.113549.1.1.12": {x509.RSA, crypto.SHA384, rsaAlgorithms},
		"1.2.840.113549.1.1.13": {x509.RSA, crypto.SHA512, rsaAlgorithms},
		"1.2.840.113549.1.1.10": {x509.RSA, 0, pssAlgorithms},     // RSASSA-PSS
		"1.2.840.10045.2.1":     {x509.ECDSA, 0, ecdsaAlgorithms}, // ecPublicKey
		"1.2.840.10045.4.3.2":   {x509.ECDSA, crypto.SHA256, ecdsaAlgorithms},
		"1.2.840.10045.4.3.3":   {x509.ECDSA, crypto.SHA384, ecdsaAlgorithms},
		"1.2.840.10045.4.3.4":   {x509.ECDSA, crypto.SHA512, ecdsaAlgorithms},
		"1.3.101.112":           {x509.Ed25519, crypto.SHA512, edAlgorithms},
	}
)

func hashOf(oid asn1.ObjectIdentifier) (crypto.Hash, bool) {
	switch {
	case oid.Equal(oidSHA256):
		return crypto.SHA256, true
	case oid.Equal(oidSHA384):
		return crypto.SHA384, true
	case oid.Equal(oidSHA512):
		return crypto.SHA512, true
	}
	return 0, false
}

func sum(h crypto.Hash, data []byte) []byte {
	d := h.New()
	d.Write(data)
	return d.Sum(nil)
}

func unmarshalWhole(der []byte, v any) error {
	rest, err := asn1.Unmarshal(der, v)
	if err == nil && len(rest) > 0 {
		err = errors.New("bytes after the end")
	}
	return err
}
