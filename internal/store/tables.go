package store

// Sort says what a table holds and what may be done with it.
type Sort uint8

// The three sorts of tables.
const (
	LogTable         Sort = iota + 1 // the log: inserted, checked, backed up
	OperationalTable                 // needed to work: backed up, never rebuilt, never evidence
	DerivedTable                     // made from the log: dropped at will, not backed up
)

// Names of columns that several tables have.
const colLog = "log"

type columnType byte

const (
	integer columnType = 'i' // int64
	bytea   columnType = 'b' // []byte
	text    columnType = 't' // string
)

type column struct {
	name string
	typ  columnType
	null bool
}

// table describes one table as both migrations create it. Its first key columns
// are the primary key. unique names other sets of columns that are unique.
type table struct {
	name   string
	sort   Sort
	cols   []column
	key    int
	unique [][]int
	leased bool // belongs to running processes: neither backed up nor restored
	index  int  // place in tables
}

func i(name string) column { return column{name: name, typ: integer} }
func b(name string) column { return column{name: name, typ: bytea} }
func t(name string) column { return column{name: name, typ: text} }

func (c column) nullable() column {
	c.null = true
	return c
}

// The tables. This list is the only one: the statements, Check, Rebuild, Backup
// and Restore all read it, and a test compares it with the migrations.
var (
	tableLog = &table{name: "log", sort: LogTable, key: 1, unique: [][]int{{1}, {2}, {3, 4}}, cols: []column{
		i("id"), t("origin"), b("pseudonym"), b("name_mac"), i("epoch"), i("msp"), i("sample"), i("created"), b("sealed"),
	}}
	tableHead = &table{name: "head", sort: LogTable, key: 1, cols: []column{
		i(colLog), i("size"), b("root"), b("frontier"), i("recorded"), i("key_version"), i("erased"),
	}}
	tableEntry = &table{name: "entry", sort: LogTable, key: 2, unique: [][]int{{0, 5}}, cols: []column{
		i(colLog), i("idx"), i("recorded"), i("kind"), b("leaf_hash"), b("key_mac"), b("body").nullable(),
	}}
	tableTile = &table{name: "tile", sort: LogTable, key: 3, cols: []column{
		i(colLog), i("level"), i("n"), b("data"),
	}}
	tableCheckpoint = &table{name: "checkpoint", sort: LogTable, key: 2, cols: []column{
		i(colLog), i("size"), b("root"), b("note"), i("made"),
	}}
	tableCosignature = &table{name: "cosignature", sort: LogTable, key: 3, cols: []column{
		i(colLog), i("size"), t("witness"), b("line"), i("made"),
	}}
	tableTimestamp = &table{name: "timestamp", sort: LogTable, key: 3, cols: []column{
		i(colLog), i("size"), t("authority"), b("token"), i("made"),
	}}
	tableBlob = &table{name: "blob", sort: LogTable, key: 2, cols: []column{
		i(colLog), b("name"), i("size"), i("idx"), i("disposed").nullable(),
	}}
	tableInstance = &table{name: "instance_leaf", sort: LogTable, key: 2, cols: []column{
		i(colLog), i("idx"), i("recorded"), b("pseudonym"), i("size"), b("root"), b("leaf_hash"),
	}}

	tableMeta = &table{name: "meta", sort: OperationalTable, key: 1, cols: []column{
		t("name"), b("value"),
	}}
	tableKey = &table{name: "wrapped_key", sort: OperationalTable, key: 3, cols: []column{
		i(colLog), t("purpose"), i("version"), b("wrapped").nullable(), i("made"), i("destroyed").nullable(),
	}}
	tableSetting = &table{name: "setting", sort: OperationalTable, key: 3, cols: []column{
		i(colLog), t("area"), b("name_mac"), i("revision"), i("expires").nullable(), b("sealed"),
	}}
	tableJob = &table{name: "job", sort: OperationalTable, key: 3, cols: []column{
		i(colLog), t("kind"), b("key_mac"), i("run_at"), i("lease_until"), i("attempt"), t("last_error"), b("sealed"),
	}}
	tableLease = &table{name: "lease", sort: OperationalTable, key: 1, leased: true, cols: []column{
		t("name"), t("holder"), i("token"), i("until_ms"),
	}}

	tableSnapshot = &table{name: "snapshot", sort: DerivedTable, key: 2, cols: []column{
		i(colLog), t("name"), i("size"), b("root"), b("sealed"),
	}}

	tables = numbered(
		tableLog, tableHead, tableEntry, tableTile, tableCheckpoint, tableCosignature, tableTimestamp, tableBlob, tableInstance,
		tableMeta, tableKey, tableSetting, tableJob, tableLease,
		tableSnapshot,
	)
)

func numbered(list ...*table) []*table {
	for n, t := range list {
		t.index = n
	}
	return list
}

// Tables lists the names of the tables of one sort.
func Tables(s Sort) []string {
	var names []string
	for _, t := range tables {
		if t.sort == s {
			names = append(names, t.name)
		}
	}
	return names
}

func (t *table) column(name string) int {
	for n, c := range t.cols {
		if c.name == name {
			return n
		}
	}
	panic("store: table " + t.name + " has no column " + name)
}
