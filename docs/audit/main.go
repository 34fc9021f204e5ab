// Proofcheck checks a proof file of one order with code that is not Cuadrilla's: the note and the Merkle tree are those
// of the Go checksum database (golang.org/x/mod/sumdb), the signatures those of Go's standard library.
//
//	proofcheck [-witness VKEY] LOG-VERIFIER proof.json
//
// It opens the checkpoint with the log's key, and for every change and every author's enrolment checks that
//   - the leaf is in the tree that the checkpoint signs, at the number that the file says;
//   - the leaf names the entry, and the entry names the body;
//   - the entry is in a piece of its author's chain that the author's key signed;
//   - that key is the one of the enrolment, which is in the same log.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type logged struct {
	Seq   int64
	Leaf  []byte
	Entry []byte
	Body  []byte
	Proof string
}

type piece struct {
	Device    string
	First     int64
	Entries   [][]byte
	Signature []byte
}

type proofFile struct {
	Format     string
	Folio      string
	Record     string
	Checkpoint string
	Changes    []logged
	Keys       []logged
	Chains     []piece
}

func main() {
	witness := flag.String("witness", "", "verifier key of a witness whose cosignature the checkpoint must carry")
	flag.Parse()
	if flag.NArg() != 2 {
		fmt.Fprintln(os.Stderr, "usage: proofcheck [-witness VKEY] LOG-VERIFIER proof.json")
		os.Exit(2)
	}
	if err := run(flag.Arg(0), flag.Arg(1), *witness); err != nil {
		fmt.Fprintln(os.Stderr, "FAILED:", err)
		os.Exit(1)
	}
}

func run(logKey, path, witness string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var file proofFile
	if err := json.Unmarshal(text, &file); err != nil {
		return err
	}
	if file.Format != "cuadrilla-proof/1" || len(file.Changes) == 0 {
		return errors.New("this is no proof file")
	}
	tree, err := openCheckpoint(file.Checkpoint, logKey, witness)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	office, err := officeOf(logKey)
	if err != nil {
		return err
	}
	// Keys first: every author's enrolment is an entry of the same log.
	keys := map[string]ed25519.PublicKey{}
	var entries []entry
	for _, l := range file.Keys {
		e, err := checkLogged(l, file.Checkpoint, tree)
		if err != nil {
			return fmt.Errorf("key, number %d: %w", l.Seq, err)
		}
		key, err := keyOf(e, l, office)
		if err != nil {
			return fmt.Errorf("key, number %d: %w", l.Seq, err)
		}
		keys[e.device] = key
		entries = append(entries, e)
		fmt.Printf("number %5d  device %s…  key of this author, in the log\n", l.Seq, e.device[:8])
	}
	signed := map[string]string{}
	for _, p := range file.Chains {
		if err := checkPiece(p, keys, signed); err != nil {
			return fmt.Errorf("chain of %s from %d: %w", p.Device, p.First, err)
		}
	}
	last := int64(0)
	for _, l := range file.Changes {
		if l.Seq <= last {
			return fmt.Errorf("number %d: not in the ledger's order, or listed twice", l.Seq)
		}
		last = l.Seq
		e, err := checkLogged(l, file.Checkpoint, tree)
		if err != nil {
			return fmt.Errorf("number %d: %w", l.Seq, err)
		}
		if e.record != file.Record || e.kind != 0 {
			return fmt.Errorf("number %d: no change of this record", l.Seq)
		}
		entries = append(entries, e)
		fmt.Printf("number %5d  device %s…  %s  by person %.8s…  in the log, body and bytes match\n", l.Seq, e.device[:8],
			time.UnixMilli(e.claimedMs).UTC().Format(time.RFC3339), e.person)
	}
	for _, e := range entries {
		if signed[e.hash] != e.device {
			return fmt.Errorf("entry %s: no signature of its author reaches it", e.hash)
		}
	}
	// A change is bytes to this program. The folio that the file shows must stand in the first one, which is signed like
	// the others; crew receipt-check reads which register it stands in.
	if len(file.Folio) < 8 || !bytes.Contains(file.Changes[0].Body, []byte(file.Folio)) {
		return errors.New("the folio is not the one that the order was made with")
	}
	fmt.Printf("OK: %d changes of record %s, all signed by their authors and in the log of %d entries\n",
		len(file.Changes), file.Record, tree.N)
	return nil
}

// openCheckpoint checks the log's signature, and the witness's if one is asked for, with sumdb/note.
func openCheckpoint(text, logKey, witness string) (tlog.Tree, error) {
	log, err := note.NewVerifier(logKey)
	if err != nil {
		return tlog.Tree{}, err
	}
	known := []note.Verifier{log}
	var cosigner *cosignature
	if witness != "" {
		if cosigner, err = newCosignature(witness); err != nil {
			return tlog.Tree{}, err
		}
		known = append(known, cosigner)
	}
	opened, err := note.Open([]byte(text), note.VerifierList(known...))
	if err != nil {
		return tlog.Tree{}, err
	}
	names := map[string]bool{}
	for _, s := range opened.Sigs {
		names[s.Name+"+"+strconv.FormatUint(uint64(s.Hash), 16)] = true
		fmt.Println("checkpoint signed by", s.Name)
	}
	for _, k := range known {
		if !names[k.Name()+"+"+strconv.FormatUint(uint64(k.KeyHash()), 16)] {
			return tlog.Tree{}, fmt.Errorf("no signature of %s", k.Name())
		}
	}
	if cosigner != nil {
		fmt.Println("  cosigned at", time.Unix(cosigner.seen, 0).UTC().Format(time.RFC3339))
	}
	// A C2SP tlog-checkpoint: origin, size, root.
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != log.Name() {
		return tlog.Tree{}, errors.New("no checkpoint of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return tlog.Tree{}, err
	}
	fmt.Printf("log %s, %d entries, root %s\n", lines[0], size, root)
	return tlog.Tree{N: size, Hash: root}, nil
}

// entry is what this program reads of an entry's canonical bytes.
type entry struct {
	hash, device, record, person string
	seq, kind, claimedMs         int64
	prev, bodyHash               []byte
}

func checkLogged(l logged, checkpoint string, tree tlog.Tree) (entry, error) {
	path, err := parseProof(l, checkpoint)
	if err != nil {
		return entry{}, err
	}
	if err := tlog.CheckRecord(path, tree.N, tree.Hash, l.Seq-1, tlog.RecordHash(l.Leaf)); err != nil {
		return entry{}, err
	}
	e, err := parseEntry(l.Entry)
	if err != nil {
		return entry{}, err
	}
	leaf := reader{b: l.Leaf}
	leaf.array(9)
	version := leaf.int()
	named, device, seq, number := leaf.bin(), leaf.bin(), leaf.int(), leaf.int()
	if leaf.bad || version != 1 || hex.EncodeToString(named) != e.hash || hex.EncodeToString(device) != e.device || seq != e.seq || number != l.Seq {
		return entry{}, errors.New("the leaf names another entry")
	}
	if !bytes.Equal(bodyHash(e.kind, l.Body), e.bodyHash) {
		return entry{}, errors.New("the entry names another body")
	}
	return e, nil
}

// parseProof reads a C2SP tlog-proof.
func parseProof(l logged, checkpoint string) (tlog.RecordProof, error) {
	head, rest, _ := strings.Cut(l.Proof, "\n\n")
	lines := strings.Split(head, "\n")
	if rest != checkpoint || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" ||
		lines[1] != fmt.Sprintf("index %d", l.Seq-1) {
		return nil, errors.New("the proof is for another checkpoint or number")
	}
	var path tlog.RecordProof
	for _, line := range lines[2:] {
		h, err := tlog.ParseHash(line)
		if err != nil {
			return nil, err
		}
		path = append(path, h)
	}
	return path, nil
}

// parseEntry reads canonical bytes: a MessagePack array of fourteen (PROTOCOL.md, section 5).
func parseEntry(canonical []byte) (entry, error) {
	r := reader{b: canonical}
	r.array(14)
	version := r.int()
	r.int() // municipality
	e := entry{hash: hex.EncodeToString(tagged("cuadrilla/entry/v1", canonical))}
	e.device = hex.EncodeToString(r.bin())
	e.seq = r.int()
	e.prev = r.bin()
	e.record = hex.EncodeToString(r.bin())
	e.kind = r.int()
	e.bodyHash = r.bin()
	e.person = hex.EncodeToString(r.bin())
	e.claimedMs = r.int()
	if r.bad || version != 1 || len(e.device) != 32 {
		return entry{}, errors.New("these are no canonical bytes")
	}
	return e, nil
}

// bodyHash is Automerge's hash of a change chunk (what follows magic and checksum), or the hash of an act's bytes.
func bodyHash(kind int64, body []byte) []byte {
	if kind == 1 {
		return tagged("cuadrilla/act/v1", body)
	}
	if len(body) < 9 || !bytes.Equal(body[:4], []byte{0x85, 0x6f, 0x4a, 0x83}) {
		return nil
	}
	hash := sha256.Sum256(body[8:])
	if !bytes.Equal(hash[:4], body[4:8]) {
		return nil
	}
	return hash[:]
}

// officeOf is the id of the office whose key the log's is: enrolments name it, so that none made for another server counts.
func officeOf(logKey string) (string, error) {
	parts := strings.SplitN(logKey, "+", 3)
	if len(parts) != 3 {
		return "", errors.New("this is no verifier key")
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 1+ed25519.PublicKeySize {
		return "", errors.New("this is no verifier key")
	}
	return hex.EncodeToString(tagged("cuadrilla/device/v1", key[1:])[:16]), nil
}

// keyOf finds the key in an enrolment ({"enrol": {office, opening, key, name}}), which must be for this office, or in the
// founding ({"genesis": {…, key, …}}).
func keyOf(e entry, l logged, office string) (ed25519.PublicKey, error) {
	r := reader{b: l.Body}
	r.mapping()
	act := string(r.str())
	if e.kind != 1 || (act != "enrol" || e.seq != 1) && (act != "genesis" || l.Seq != 1) {
		return nil, errors.New("this brings no key")
	}
	var key []byte
	meant := e.device
	for n := r.mapping(); n > 0 && !r.bad; n-- {
		switch string(r.str()) {
		case "key":
			key = r.bin()
		case "office":
			meant = hex.EncodeToString(r.bin())
		default:
			r.skip()
		}
	}
	if r.bad || len(key) != ed25519.PublicKeySize {
		return nil, errors.New("this brings no key")
	}
	if meant != office {
		return nil, errors.New("this was made for a server with another key")
	}
	return key, checkKey(key, e.device)
}

// checkKey insists that the device's id is that of the key, so that nobody enrols another key under it, and that the key
// is not one of the few for which anybody can sign (points of small order, RFC 8032 5.1.7 lets them pass).
func checkKey(key []byte, device string) error {
	point := append([]byte(nil), key...)
	point[31] &= 0x7f
	for _, weak := range []string{
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	} {
		if hex.EncodeToString(point) == weak {
			return errors.New("this key is not safe to use")
		}
	}
	if hex.EncodeToString(tagged("cuadrilla/device/v1", key)[:16]) != device {
		return errors.New("the device id is not that of the key")
	}
	return nil
}

// checkPiece follows a chain from entry to entry, and checks the signature over its end.
func checkPiece(p piece, keys map[string]ed25519.PublicKey, signed map[string]string) error {
	key, ok := keys[p.Device]
	if !ok || len(p.Entries) == 0 || len(p.Signature) != ed25519.SignatureSize {
		return errors.New("no key, no entries or no signature")
	}
	var last entry
	for i, canonical := range p.Entries {
		e, err := parseEntry(canonical)
		if err != nil {
			return err
		}
		if e.device != p.Device || e.seq != p.First+int64(i) || i > 0 && hex.EncodeToString(e.prev) != last.hash {
			return fmt.Errorf("entry %d does not follow", e.seq)
		}
		signed[e.hash] = e.device
		last = e
	}
	device, _ := hex.DecodeString(last.device)
	hash, _ := hex.DecodeString(last.hash)
	message := tagged("cuadrilla/segment/v1", device, binary.BigEndian.AppendUint64(nil, uint64(last.seq)), hash)
	if !ed25519.Verify(key, message, p.Signature) {
		return errors.New("the author's signature does not hold")
	}
	return nil
}

// tagged is SHA-256 over a tag, a zero byte and the parts (PROTOCOL.md, section 2).
func tagged(tag string, parts ...[]byte) []byte {
	h := sha256.New()
	h.Write(append([]byte(tag), 0))
	for _, part := range parts {
		h.Write(part)
	}
	return h.Sum(nil)
}

// cosignature verifies C2SP tlog-cosignature v1 lines, which sumdb/note has no verifier for.
type cosignature struct {
	name string
	hash uint32
	key  ed25519.PublicKey
	seen int64
}

func newCosignature(vkey string) (*cosignature, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("this is no verifier key")
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 33 || key[0] != 4 {
		return nil, errors.New("this is no witness's key")
	}
	id := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	if hex.EncodeToString(id[:4]) != parts[1] {
		return nil, errors.New("the key does not match its id")
	}
	return &cosignature{name: parts[0], hash: binary.BigEndian.Uint32(id[:4]), key: key[1:]}, nil
}

func (c *cosignature) Name() string    { return c.name }
func (c *cosignature) KeyHash() uint32 { return c.hash }
func (c *cosignature) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	c.seen = int64(binary.BigEndian.Uint64(sig))
	signed := append([]byte(fmt.Sprintf("cosignature/v1\ntime %d\n", c.seen)), msg...)
	return ed25519.Verify(c.key, signed, sig[8:])
}

// reader reads the little of MessagePack that entries, leaves and acts are made of.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if r.bad || n < 0 || n > len(r.b) {
		r.bad = true
		return make([]byte, 8)
	}
	part := r.b[:n]
	r.b = r.b[n:]
	return part
}

func (r *reader) uint(n int) uint64 {
	wide := make([]byte, 8)
	copy(wide[8-n:], r.take(n))
	return binary.BigEndian.Uint64(wide)
}

func (r *reader) array(n byte) {
	if r.take(1)[0] != 0x90|n {
		r.bad = true
	}
}

func (r *reader) mapping() int {
	head := r.take(1)[0]
	if head&0xf0 != 0x80 {
		r.bad = true
	}
	return int(head & 0x0f)
}

func (r *reader) int() int64 {
	switch head := r.take(1)[0]; {
	case head < 0x80:
		return int64(head)
	case head >= 0xe0:
		return int64(int8(head))
	case head >= 0xcc && head <= 0xcf:
		return int64(r.uint(1 << (head - 0xcc)))
	case head >= 0xd0 && head <= 0xd3:
		bits := 8 << (head - 0xd0)
		return int64(r.uint(bits/8)<<(64-bits)) >> (64 - bits)
	}
	r.bad = true
	return 0
}

func (r *reader) bin() []byte {
	switch r.take(1)[0] {
	case 0xc4:
		return r.take(int(r.uint(1)))
	case 0xc5:
		return r.take(int(r.uint(2)))
	}
	r.bad = true
	return nil
}

func (r *reader) str() []byte {
	switch head := r.take(1)[0]; {
	case head&0xe0 == 0xa0:
		return r.take(int(head & 0x1f))
	case head == 0xd9:
		return r.take(int(r.uint(1)))
	case head == 0xda:
		return r.take(int(r.uint(2)))
	}
	r.bad = true
	return nil
}

// skip passes over a value of the kinds that acts with a key have: text, bytes, numbers.
func (r *reader) skip() {
	if len(r.b) == 0 {
		r.bad = true
		return
	}
	switch head := r.b[0]; {
	case head&0xe0 == 0xa0 || head == 0xd9 || head == 0xda:
		r.str()
	case head == 0xc4 || head == 0xc5:
		r.bin()
	default:
		r.int()
	}
}
