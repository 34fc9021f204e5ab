### What people read, in English (en). The terminal, the server and the app share this file.
### Rules: say what happened, what became of the work, what to do. A name in braces is an
### argument; both files have the same names.

## States of work, exactly as docs/GLOSSARY.md defines them

state-saved = saved
state-counts = counts
state-in-review = in review
state-not-known = not known
state-released = released
state-dismissed = dismissed
state-revoked = revoked
office-knows = the office knows
office-told-at-sync = the office will know with the next `crew sync`

## Words for headings and labels

word-as-claimed = { $who } (as this device says)
word-asset = asset
word-builds-on = builds on
word-carried = carried
word-claimed = claimed
word-crew = crew
word-description = description
word-device = device
word-due = due
word-due-short = due
word-folio = folio
word-hash = hash
word-kind = kind
word-letters = letters
word-locality = locality
word-material = material
word-name = name
word-not-before = not before
word-number = no.
word-person = person
word-plan = plan
word-priority = priority
word-received = received
word-role = role
word-says = what it says
word-server = server
word-status = status
word-title = title
word-verdict = state
word-what = what
word-who = who
word-why = why
word-writes = writes
word-yes = yes
ledger-number = no. { $seq }
repeat = repeat the command

## Counts

count-orders =
    { $count ->
        [one] 1 order
       *[other] { $count } orders
    }
count-conflicts =
    { $count ->
        [one] two values
       *[other] two values in { $count } fields
    }
count-differences =
    { $count ->
        [one] 1 field with two values
       *[other] { $count } fields with two values
    }
count-happenings =
    { $count ->
        [one] 1 happening
       *[other] { $count } happenings
    }
count-entries =
    { $count ->
        [one] 1 entry
       *[other] { $count } entries
    }
count-devices =
    { $count ->
        [one] 1 device
       *[other] { $count } devices
    }
count-segments =
    { $count ->
        [one] 1 segment
       *[other] { $count } segments
    }
count-round-trips =
    { $count ->
        [one] 1 round trip
       *[other] { $count } round trips
    }
count-receipts =
    { $count ->
        [one] 1 receipt
       *[other] { $count } receipts
    }

## Roles

role-crew = crew
role-dispatcher = dispatch
role-supervisor = supervision
role-auditor = audit
role-admin = administration
role-office = office
fate-lost = lost
fate-stolen = stolen
fate-retired = retired
role-unknown = there is no such role
role-unknown-hint-assign = see crew device assign --help
role-unknown-hint-invite = see crew invite --help

## Times

when-now = now
when-minutes = { $count } min
when-hours = { $count } h
when-days = { $count } d
when-months =
    { $count ->
        [one] 1 month
       *[other] { $count } months
    }
when-years =
    { $count ->
        [one] 1 year
       *[other] { $count } years
    }
when-ago = { $amount } ago
when-in = in { $amount }
when-impossible = impossible time
time-legend = claimed time: < earlier than possible · > later than possible · ? no earlier checkpoint · ± the clock jumped. Inside its bracket, the exact moment cannot be proven.
time-consistent = consistent
time-before-bracket = earlier than possible
time-after-bracket = later than possible
time-no-anchor = no earlier checkpoint

## Flags of readings and materials

flag-above-norm = above the norm
flag-below-norm = below the norm
flag-not-in-catalog = not in the catalogue

## Priorities

priority-low = low
priority-normal = normal
priority-high = high
priority-urgent = urgent

## Why something is in review

reason-revoked = the device is revoked
reason-out-of-scope = outside its locality or crew
reason-role = its role does not allow it
reason-fork = a copied or restored device
reason-dependency-held = it builds on something in review
reason-schema-rule = a rule does not allow it
reason-with = { $words } ({ $what })
record-of-sort = { $sort } { $key }
known-and-more = { $shown } and { $count } more
carried-gap = the office lacks what comes before
carried-unknown-device = the office does not know that device
carried-bad-chain = it does not agree with what the office has
carried-unknown-reference = it names something that the office lacks
carried-code = its code no longer holds: enrol it again

## Orders: noting work

order-assigned = assigned to { $crew }
order-checked = { $mark } { $item }
order-material = material { $sku }: { $qty } { $unit }
order-note-added = note added
order-corrected = { $item } corrected: { $value }
order-voided = { $item } voided
order-set = { $field } = { $value }
order-bad-field = --field “{ $text }” is not field=value
order-bad-field-hint = write for example --field dose=1.20
order-list-none = there are no such orders on this device

## Orders: the sheet of one

sheet-saved = saved on this device, not sent
sheet-counts = sent; it counts
sheet-in-review = a part is in review: the office has it and it does not count yet
sheet-kept = as it was seen before; the newest is not known: the office lost a part and this device reads it again
sheet-two-values = two values: { $field }
sheet-not-settled = there are several values
sheet-fields = Fields
sheet-checklist = Checklist
sheet-measurements = Measurements
sheet-materials = Materials
sheet-notes = Notes
sheet-folios = also known as
sheet-corrected = corrected; before: { $from }, because { $reason }
sheet-photos = Photos and signatures
sheet-photos-where = { $office } of { $all } photos with the office, { $here } only on this device, { $elsewhere } on another
sheet-photo-office = with the office
sheet-photo-here = saved on this device
sheet-photo-elsewhere = not with the office yet
sheet-photo-erased = erased by no. { $seq }: { $why }
photo-before = before
photo-during = during the work
photo-after = after
photo-meter = meter
photo-signature = signature
photo-letter = letter
erasure-asked = the person who is seen asked for it
erasure-bystander = a person is seen who has nothing to do with the work
erasure-mistaken = it is the picture of something else
erasure-ordered = an authority ordered it
blob-code-no-picture = it is no picture, or holds more than one
blob-code-over-quota = this device, or this order, has its share of photos for today
blob-code-checksum = it arrived damaged
blob-code-no-ticket = the office did not ask for it
blob-code-erased = it was erased by the office
order-photo-added = photo noted, { $width } × { $height }, { $kb } kB
photo-empty = { $path } is empty
photo-empty-hint = take the photo again
photo-too-large = { $path } has more than { $mib } MiB
photo-smaller-hint = take it at a lower resolution; 1,600 pixels on the long side are enough
photo-foreign = { $path } is no picture: its first bytes are those of something else, whatever its name says
photo-foreign-hint = JPEG, PNG and WebP are kept
photo-too-many-pixels = { $path } has { $width } × { $height } pixels, more than { $megapixels } million
photo-damaged = { $path } cannot be read as a picture: { $detail }
photo-damaged-hint = take the photo again; the order is as it was
blob-here = on this device: { $count } ({ $kb } kB)
blob-to-send = still to be sent: { $count } ({ $kb } kB)
blob-at-office = of those here, the office has: { $count }
blob-missing-here = to be sent, and no longer here: { $count }
blob-no-name = “{ $name }” is no photo's name
blob-no-name-hint = 64 hexadecimal digits, as crew order show --json says them
blob-not-there = there is no such photo for this device, here or with the office
blob-not-there-hint = it may not have arrived yet, belong to another crew's order, or have been erased
blob-other-bytes = what the office sent is not that photo
blob-written = { $path }: { $kb } kB
blob-freed = { $count } copies deleted here; the office has them
blob-erased = { $item } is to be erased everywhere
blob-no-reason = “{ $reason }” is no reason
blob-no-reason-hint = asked, bystander, mistaken or ordered
sync-photos-progress = photos: { $sent } sent
sync-photos-ask = Send { $count } photos now ({ $kb } kB)?
sync-photos-sent = photos: { $count } with the office ({ $kb } kB sent)
sync-photo-refused = photo { $name } not taken: { $why }
sync-photos-left = photos still on this device: { $count }
count-photos =
    { $count ->
        [one] 1 photo
       *[other] { $count } photos
    }
case-photo-not-here = this device has no copy of it
verify-photos = photos and signatures: { $named } named, { $received } with the office, { $erased } erased, { $missing } missing
sheet-voided = Voided
sheet-decisions = Decisions
sheet-history = History
sheet-when-claimed = when (claimed)

## Conflicts

conflict-none = no field has two values
conflict-how-to-settle = crew conflict resolve { $folio } { $field } --take N --reason REASON
conflict-no-choice = --take or --value is missing
conflict-no-choice-hint = see the values with crew conflict list
conflict-settled = decided

## What is in review

quarantine-none = nothing is in review
quarantine-none-dismissed = nothing of this device was dismissed
quarantine-none-of-device = nothing of that device is in review
quarantine-released = { $count } released
quarantine-written-again = { $count } written again
quarantine-dismissed = { $count } dismissed
quarantine-without-effect = without any effect today, still in review: { $count }
history-brought-by = brought by { $device }
history-in-review = in review: { $reason }
history-undecided = nobody has decided yet

## Keeping work on this device

saved-here = saved on this device
store-tail = an unfinished write ({ $bytes } bytes, never confirmed) was moved to { $saved }; what was saved is intact
index-later = the index will catch up later ({ $error }); what was saved is intact
index-rebuilt-later = the index will be rebuilt later ({ $error }); what was saved is intact
index-rebuilding = the index is being rebuilt: { $reason }; nothing is lost
index-progress = index: { $applied } of { $last }

## Status of this device

status-work = work
status-all-sent = all sent
status-unsent =
    { $count ->
        [one] 1 saved on this device, not sent
       *[other] { $count } saved on this device, not sent
    }
status-nothing = nothing
status-last-answer = the office answered
status-signed-since = nothing new since
status-signed-long-ago = { $at }: compare your checkpoint with another person's (crew audit checkpoint --qr)
status-server-seq = ledger up to
status-records = records
status-carried = carried for others
status-dismissed = dismissed
status-split = the office showed two histories: { $at }
status-warning = warning

## Exchanges with the office

sync-saved = sent
sync-sent = acknowledged
sync-sent-of = { $confirmed }  (counts { $counts }, in review { $in_review })
sync-received = received
sync-freed =
    { $count ->
        [one] One entry that does not depend on what is in review was written again
       *[other] { $count } entries that do not depend on what is in review were written again
    }
sync-handed-back = handed back
sync-over-quota = The office takes no more of this device today. What is left stays saved here; sync again tomorrow, or tell the administrator.
sync-cosigned = checkpoint cosigned by this device, in { $path }
sync-not-handed-over = not handed over, of { $device }
sync-differs = this device and the office do not show the same; nothing is lost, tell the administrator
sync-stuck = the exchange does not get on: the office does not take what is left
sync-stuck-hint = tell the administrator; { $kept }
sync-safe = nothing lost
sync-safe-all-sent = nothing lost: nothing is unsent
sync-safe-unsent =
    { $count ->
        [one] nothing lost: 1 unsent stays
       *[other] nothing lost: { $count } unsent stay
    }
sync-asked-to-wait = the office asks to wait { $seconds } s; crew waits and goes on, nothing is lost
sync-progress = sent { $up }, received { $down }…
sync-renamed = another device already wrote under this name: this folder is a copy and continues under another (letters { $letters }); what was missing was written again
sync-internal = internal failure of the exchange: { $detail }
sync-internal-hint = tell the administrator; nothing is lost
split = the office showed another history: its ledger of { $shown } entries does not continue the one of { $kept } that this device keeps signed; { $place }
split-where = crew audit verify --from says where they part
split-hint = your work is safe and was handed over again; tell the auditor: both checkpoints stay on this device (crew audit checkpoint --parted --out FILE)

## Devices

device-last-answer = the office heard it
device-last-entry = last entry
device-assigned = has other rights
device-revoked-lost = revoked (lost)
device-revoked-stolen = revoked (stolen)
device-revoked-retired = revoked (retired)
device-continues = continues { $device }
device-clock = clock { $minutes } min
device-successor-active = another device that continues its work is still active; if it is lost too: crew device revoke { $device }
rekey-done = key renewed: this device continues with the letters { $letters }; the earlier name is revoked, { $read } received
rekey-shared = this device is shared by PINs: its key is encrypted under each of them; nothing was changed
rekey-shared-hint = remove the persons (crew person remove), renew the key, and add them again

## Enrolling and inviting

enrol-done = { $name } is enrolled in { $municipality } as { $role }
enrol-ready = Ready: it holds the orders that concern it
enrol-sync-next = Now: crew sync
enrol-municipality = Municipality
enrol-role = Role
enrol-crew = Crew
enrol-localities = Localities
enrol-server-key = Key
enrol-ask = Enrol this device? [y/N]{" "}
enrol-declined = Not enrolled: you answered no
enrol-declined-hint = The invitation is still unused. If the municipality or the crew are not yours, tell the administrator.
invite-no-link = This server's address makes no invitation link
invite-no-link-hint = Enrol this device by the server's https:// address, of at most 60 characters.
enrol-safe = nothing is lost: repeat the same command
enrol-bad-link = the invitation link is incomplete
enrol-bad-link-hint = copy all of it: https://ADDRESS/#enrol= and 43 characters
enrol-no-code = the code is missing
enrol-no-code-hint = crew enrol ADDRESS CODE --name NAME, or crew enrol LINK --name NAME
invite-until = { $day } is no day to come
invite-until-hint = Write it as 2026-12-31. A code lasts a year at most.
invite-no-crew = a crew's device needs its crew or a locality: without one it would see no order
invite-no-crew-hint = add --crew and its code (there is: { $known }), or --locality and the place
cancel-no-reason = to cancel an order one has to say why
cancel-ask = Why is it cancelled?
cancel-no-reason-hint = add --reason "why"; the crew and the auditor will see it
invite-usable = it can be used now
invite-usable-after-sync = it will work after the next `crew sync`
invite-expires = expires
qr-too-long = it does not fit into a QR: { $error }
qr-too-long-hint = copy the link

## Bundles and imports

bundle-not-sent-yet = Nothing counts as sent until the office's receipt comes back.
import-running = importing…
import-count = how many
import-assets = assets
import-crews = crews
import-localities = localities
import-materials = materials
import-orders = orders
import-people = people
import-plans = plans
import-updated = updated
import-unchanged = unchanged
import-not-utf8 = not UTF-8 from byte { $byte } on
import-bad-file = { $path }: { $detail }; nothing was imported
import-bad-file-at = { $path }, line { $line }, column { $column }: { $detail }; nothing was imported
import-bad-file-hint = allowed: municipality, version, about, localities, crews, people, assets, materials, orders, plans; see schemas/import.schema.json
order-asset-elsewhere = the asset “{ $asset }” is in { $locality }, and the order is of another locality; it was noted so
order-material-unknown = no material is called “{ $sku }”; it was noted so. There are: { $known }
order-material-no-catalog = the catalogue has no materials; “{ $sku }” was noted so
import-differing = differing
import-differs = { $place } ({ $name }): the file does not say the same of: { $what }; left as it was
import-differs-more = and { $count } more; all of them with --json
rules-refused = { $file }, line { $line }, column { $column }: { $problem }. { $todo }
rules-too-many = there are more than { $max } rule files
rules-too-long = has { $bytes } bytes; { $max } are allowed
rules-form-todo = Correct the file; the rule before stays in force.
rules-value-todo = Write it as the schema says (schemas/README.md).
rules-other-name = the file is called { $file }, and its kind { $kind }
rules-other-name-todo = Give both the same name.
rules-above = { $min } is above { $max }
rules-day = “{ $day }” is no day of the calendar
rules-overlap = the periods of two limits overlap
rules-bounds-todo = Correct the limits.
rules-unknown = there is no “{ $key }”
rules-missing = “{ $key }” is missing
rules-unknown-todo = Take it out or name what there is; what is new in measures.json or steps.json goes there first.
rules-taken = “{ $word }” is already the name of { $other }
rules-reserved = “{ $word }” is already the name of something that every order has
rules-taken-todo = Choose another word.
rules-version = the version is { $found }, and { $in_force } is in force
rules-version-todo = Raise “version” to { $version }.
rules-type = “{ $key }” is of another type than in the rule in force
rules-unit = “{ $key }” has another unit, and { $count } orders hold it
rules-type-todo = Leave “{ $key }” as it is, and add what is new under another key.
rules-gone = “{ $key }” is gone, and { $count } orders hold it
rules-gone-todo = Put “{ $key }” back; it need not be required, and may be called otherwise on the screen.
rules-stricter = “{ $key }” would no longer allow “{ $value }”, and an order holds that
rules-stricter-todo = Allow what is held, or leave “{ $key }” and add what is new under another key.
rules-good = { $count ->
    [one] { $count } file would be published
   *[other] { $count } files would be published
 }
rules-bad = { $count ->
    [one] { $count } fault in the rules
   *[other] { $count } faults in the rules
 }
rules-bad-hint = the rules in force stay; correct the files and check again
import-at = { $place } { $problem }
import-source-twice = “{ $key }” stands twice
import-source-json = it cannot be read as JSON: “{ $detail }”
import-source-yaml = it cannot be read as YAML: “{ $detail }”
import-source-key = a key must be a text
import-source-tag = tags (!) are not read here
import-source-alias = this alias names nothing before it
import-source-second = the file has a second document
import-source-many = the file has too many values
import-source-deep = values lie too deep in each other
import-same-key = has the key “{ $key }”, as { $other } has
import-same-name = is called “{ $name }”, as { $other } is, and has no key of its own
import-no-key = is called “{ $name }”, and no key can be made of that name
import-known = would have the key “{ $key }”; known is { $held }
import-other-municipality = is { $found }; this device is of { $own }
import-keys-hint = give each its own key, or write the name or the key as it is known
wrong-type = is { $found }; expected is { $expected }
wrong-not-one-of = is “{ $found }”; expected is one of: { $expected }
wrong-too-many = has { $found } { $unit }; at most { $max } are allowed
wrong-too-few = has { $found } { $unit }; at least { $min } are needed
wrong-not-a-day = “{ $found }” is no day of the calendar, such as 2026-11-28
wrong-pattern = “{ $found }” is not of the form { $pattern }
wrong-range = is { $found }; it must lie between { $min } and { $max }
wrong-required = { $key } is missing
wrong-unknown = has “{ $key }”, which does not exist here; there are: { $known }
wrong-key = has “{ $key }”; that name { $problem }
wrong-repeated = has { $found } twice
wrong-several-forms = has things that exclude each other
wrong-not-allowed = does not go together with the rest
wrong-unit-characters = characters
wrong-unit-elements = elements
wrong-unit-members = members
wrong-type-null = empty
wrong-type-boolean = yes or no
wrong-type-integer = a whole number
wrong-type-number = a number
wrong-type-string = a text
wrong-type-array = a list
wrong-type-object = an object
wrong-or = { $one } or { $other }

## Persons who share a device

person-added = { $name } can use this device with their PIN now; the key is encrypted
person-working = { $name } is working
person-removed = removed; an old copy of the folder still opens with their PIN
person-locked = locked: crew person use NAME
person-none = nobody: the device's name signs
person-unknown = there is no person “{ $name }” on this device
person-unknown-hint = there is: { $there }; crew person add NAME adds one
person-exists = there is a person “{ $name }” already
person-exists-hint = use another name, or add the surname
person-too-many = there are { $count } persons on this device
person-too-many-hint = remove one with crew person remove NAME
person-bad-name = that is no name
person-bad-name-hint = use 1 to { $bytes } bytes
person-no-vault = the key could not be encrypted: { $error }; nothing was changed
people-damaged = { $path } is not the list of names it should be
people-damaged-hint = move { $path } away: the next exchange brings the names again; the work is not touched
person-bad-vault = { $path } is damaged
person-bad-vault-hint = another person of the device can open it with their PIN; if nobody can, enrol in another folder (--home)
person-pin-of = PIN of { $name }
person-pin-of-any = PIN of a person who is there already
person-pin-of-or = PIN of { $name }, or of the person who is working
person-wrong-pin = the PIN is wrong
person-wrong-pin-hint = nothing is lost; try again, or crew person use NAME as another person
person-wrong-pin-wait = nothing is lost; wait { $wait_s } s before the next try
person-pin-wait = there were several wrong PINs in a row
person-pin-wait-hint = wait { $seconds } s; nothing is lost
pin-new = New PIN of { $name }
pin-once-more = once more
pin-differ = the two PINs differ
pin-empty = the PIN is empty
pin-empty-hint = type it, or put it into { $variable }
pin-length = the PIN must have { $min } to { $max } characters
pin-length-hint = six digits withstand guessing on the phone; a phrase also withstands a copy of its memory
pin-needed = the PIN is needed: this device's key is encrypted
pin-needed-hint = repeat at a terminal, or give the PIN in the variable { $variable } or with --pin-file

## Trouble on this device

error-not-enrolled = this device is not enrolled ({ $home })
error-not-enrolled-hint = ask the administrator for a code and run: crew enrol URL CODE --name NAME
error-disk-full = no space left for { $path }: nothing was saved
error-disk-full-hint = free some space and repeat; what was saved before is intact
error-read-only = { $path } is read-only: nothing was saved
error-read-only-hint = reading works like this; to write, change the permissions or use --home with another folder
error-not-allowed = not allowed to read or write { $path }
error-not-allowed-hint = check the permissions or choose another place
error-file-missing = there is no { $path }
error-file-missing-hint = check the file's name
error-not-a-file = { $path } is no file but a link, a folder, a pipe or a device: it was not touched
error-not-a-file-hint = name a file, a new one or one that exists
error-file = could not use { $path }: { $error }
error-file-hint = check the disk and try again
error-too-large = too large: { $bytes } bytes, of at most { $max }; nothing was saved
error-too-large-hint = split it into parts
error-store = the store failed: “{ $error }”
error-store-hint = repeat; if it fails again, remove the store's folder “index”: it is rebuilt by itself and nothing is lost
error-busy = another process is using the store: nothing was saved
error-busy-process = process { $pid } is using the store: nothing was saved
error-busy-hint = wait until it is done and repeat
error-corrupt = this device's journal is damaged: { $what }
error-corrupt-hint = do not delete it: copy the whole folder and ask for help; to go on, enrol another folder (--home)
error-corrupt-at = record { $seq }, in { $path }, byte { $offset }
error-no-store = { $path } is no store
error-unfit-file-system = the file system of { $path } offers no locks or does not confirm what it keeps: nothing was saved
error-unfit-file-system-hint = put the folder (--home) on a local disk, not on a network or shared drive
index-did-not-open = it does not open (“{ $detail }”)
index-other-format = it has another format
index-of-another = it is not this journal's
index-asked-for = a rebuild was asked for
system-said = “{ $detail }”
system-no-address = it is no address of this machine
system-not-found = it does not exist
system-not-allowed = it is not allowed
system-exists = it exists already
system-folder = it is a folder
system-no-folder = it is no folder
system-not-empty = the folder is not empty
system-full = there is no space
system-read-only = it is read-only
system-bad-name = the name will not do
system-busy = it is in use
system-too-slow = it did not end in time
system-cut = it was cut off
system-code = error { $code } of the system
system-unknown = the system does not say why
error-newer-format = the store has format { $found }; this program knows up to { $known }; nothing was changed
error-newer-format-hint = update crew
error-unconfirmed = the disk did not confirm the write to { $path }, do not count on it: { $why }
error-unconfirmed-hint = look with `crew audit log` whether it is there, and check the disk before you repeat
files-too-large = { $path } has more than { $mib } MiB
files-too-large-hint = split the file
home-unknown = there is no folder to save to
home-unknown-hint = use --home DIR or set { $variable }
home-sync-running = an exchange with the office is under way
home-sync-running-hint = wait until it is done; nothing is lost
home-no-certificate = { $path } holds no PEM certificate
home-no-certificate-hint = ask the administrator for the file of their authority (it begins with -----BEGIN CERTIFICATE-----)
home-no-key = { $path } does not hold a key
home-no-key-hint = restore that file from a copy, or enrol another folder (--home)
clock-unknown-zone = there is no time zone “{ $zone }” (TZ): times are told in UTC
clock-not-time = { $variable } is not a time: “{ $text }”
clock-not-time-hint = write 2026-11-21T03:36:47Z
clock-no-randomness = the system gives no randomness: { $error }
clock-no-randomness-hint = restart the device
output-warning = warning
output-not-written = the answer could not be written: { $error }
output-not-written-hint = What was saved is saved. Free space or choose another destination, and ask again.
output-no-json = the result has no JSON form: { $error }
output-no-json-hint = repeat without --json

## Trouble with the network; { $kept } says what became of the work

http-readable = everything would go readable for everybody by { $url }
http-readable-hint = use the server's https:// address; http:// is for this machine alone
http-bad-url = not an address: { $url }
http-bad-url-hint = write it like https://server.example:8443
http-no-connection = no connection to the office ({ $detail })
http-timed-out = the office did not answer in time
http-cut = the connection was cut in mid-reply: it is not known whether the office received it
http-portal = a web page answered, not the office (HTTP { $status }): the network wants a login
http-portal-hint = open the browser, accept or log in to that network and repeat; { $kept }
http-not-cuadrilla = what answered is no Cuadrilla server
http-missing = the server does not have { $path }
http-too-large = the reply is larger than it can be
http-not-passed = what stands between this device and the server takes no message of this size (HTTP 413)
http-not-passed-hint = ask the administrator to let the proxy pass 8 MiB (docs/OPERATING.md, “TLS”); with --poor-link the messages are smaller; { $kept }
http-moved = the server asks for another address: { $to }
link-refused = nothing answers at that address
link-no-such-name = there is no such name
link-no-network = there is no network
link-other = the network failed
tls-time = the server's certificate does not hold at this device's date, { $today }
tls-time-hint = if that date is wrong, set the clock and repeat; if it is right, the administrator has to renew the certificate; { $kept }
tls-name = the server's certificate is of another name
tls-name-hint = write the address with the name that the certificate says; { $kept }
tls-issuer = no authority that this device knows vouches for the server's certificate
tls-issuer-hint = enrol with --ca FILE: the certificate of the authority that signed the server's, or the server's own if it signed itself; if you do not have it, ask the administrator or check the address; { $kept }
tls-authority = the server shows the certificate of an authority (CA:TRUE) as its own
tls-authority-hint = the administrator has to make another one with CA:FALSE and the server's name (docs/OPERATING.md, “TLS”), or one of the server signed by that authority; --ca takes the one that signed itself, or the authority's; { $kept }
tls-no-authority = the certificate of this device's authority cannot be read
tls-other = there is no secure connection to the server
http-other-server-hint = check the address with the administrator, or change network; { $kept }
http-unavailable = the office cannot answer now (HTTP { $status })
http-unavailable-hint = repeat in some minutes; if it stays so, tell the administrator; { $kept }
http-garbled = the answer arrived unreadable
http-link-hint = repeat when the signal is better; { $kept }
http-refused = the office refused: { $why }
http-refused-hint = { $hint }; { $kept }
refusal-bad-signature = the signature is not by this device's key
refusal-unknown-device = it does not know this device
refusal-revoked = this device was revoked
refusal-code-unknown = there is no such code
refusal-code-used = the code was used already
refusal-code-expired = the code expired
refusal-device-taken = a device with this key is enrolled already
refusal-device-key = the server does not accept this device's key
refusal-other-municipality = it belongs to another municipality
refusal-other-server = this was made for a server with another key: another machine may stand between
refusal-replayed = that attempt was answered already
refusal-gap = it lacks earlier entries of this device
refusal-unknown-reference = it does not know something this builds on
refusal-bad-chain = the entries do not form a chain
refusal-no-predecessor = it does not know the device that this one continues
refusal-predecessor-revoked = the device that this one continues was revoked
refusal-too-many-successors = that device was continued too often
refusal-unknown-version = the server has another version
refusal-malformed = the message does not read
refusal-too-large = the message is too large
refusal-too-many = there were too many attempts to enrol
refusal-budget = this device asked for more work than its share just now
refusal-too-many-reads = this address read more of the log than its share just now
refusal-device-busy = this device has several requests in progress already
refusal-streams = this device opened too many event streams
refusal-ticket = the ticket for news is not valid or too old
refusal-busy = the office has much to do now
refusal-stopping = the server is being stopped
refusal-not-durable = the office's disk fails and keeps nothing
refusal-disk-full = the server has no space left
refusal-internal = the server had a problem
refusal-hint-new-code = ask the administrator for a new code
refusal-hint-check-code = check the code letter by letter, or ask the administrator for another
refusal-hint-enrol = enrol the device with a new code
refusal-hint-address = check the server's address
refusal-hint-send-again = repeat: the device sends again what the office lacks
refusal-hint-later = repeat later
refusal-hint-update = ask the administrator to update the server
refusal-hint-tell = tell the administrator

## What the rules do not allow

replica-not-enrolled = this device is not enrolled
replica-no-person = it is not chosen who works: this device is shared; nothing was saved
replica-no-person-hint = choose who works: crew person use NAME; crew person list says who there is
replica-no-post = a signature needs the post of who signed
replica-no-post-hint = add --post, e.g. --post "Comisariado ejidal": a post, never a name
replica-not-a-photo = { $item } is no photo
replica-not-a-photo-hint = see the numbers of its photos with crew order show
replica-already-enrolled = this device is already enrolled as { $name }
replica-already-enrolled-hint = use another folder (--home) to enrol a second device
replica-unknown = there is no { $what } called “{ $word }”
replica-unknown-among = there is no { $what } called “{ $word }” (there is: { $known })
replica-unknown-hint = check the spelling, or run crew sync to fetch what the office published
replica-unknown-order-hint = see crew order list; an order of another crew is not on this device
replica-ambiguous = “{ $word }” may be several things: { $matches }
replica-ambiguous-hint = name it by its key, or write more of the folio
replica-single-device-hint = name the device by its letters or by how its id begins (crew device list)
replica-value = { $what }: { $problem }
replica-date-hint = write the date as 2026-11-28: year, month and day
replica-number-hint = write a number, with a point before the decimals, for example 2.5
replica-positive-hint = write an amount above 0, for example 2.5
replica-whole-hint = write a whole number, without point or comma, for example 2
replica-scale-hint = round it to { $digits } digits after the point
replica-unit-hint = repeat it with a unit that is taken: { $units }
replica-range-hint = check the decimal point and the unit: it must { $extent } { $unit }
replica-choice-hint = write one of the choices: { $choices }
replica-yes-or-no-hint = write yes or no
replica-type-hint = see how another order holds that field: crew order show FOLIO
replica-length = { $what } has { $found } characters; 1 to { $max } are allowed
replica-length-hint = shorten it, or split it in two
replica-missing = { $folio } cannot be finished yet: it lacks { $missing }
replica-voided = { $folio }: { $item } was voided and counts no more
replica-voided-hint = note it again, as a new one
replica-not-corrected = that is not corrected so
replica-not-corrected-hint = a photo is voided only (--void); a note is corrected without a unit
replica-in-conflict = { $folio }: “{ $field }” has different values, and waits for a decision
replica-in-conflict-hint = dispatch decides, with a reason: crew conflict list, then crew conflict resolve { $folio } { $field } --take N --reason “…”; notes and readings can be added
replica-step = { $folio } is “{ $state }”: “{ $step }” is not possible from there
replica-step-hint = possible now: { $possible }
replica-no-step-hint = this role can take no step
replica-role = the role { $role } may not { $what }
replica-role-hint = ask dispatch; nothing is lost
replica-role-hint-admin = that is the administrator's to do: ask them; nothing is lost
replica-role-hint-supervisor = that is the supervisor's to decide: ask them; nothing is lost
replica-refused = not allowed: { $reason }
replica-revoked-hint = nothing is lost: what was sent waits for the supervisor; ask for a new code and enrol the device
replica-out-of-scope-hint = the order belongs to another crew: ask dispatch
replica-no-such-value = { $field } of { $folio } has no value number { $number }; it has { $count }
replica-no-conflict = { $field } of { $folio } has one value only
replica-no-conflict-hint = see crew conflict list
replica-import = the file does not do at { $place }: { $problem }; nothing was imported
replica-import-hint = correct the file and import it again
replica-not-releasable = entry { $seq } is not work on an order: it cannot be released
replica-not-releasable-hint = dismiss it, and do it again on a device that may
replica-ground-in-review = entry { $seq } builds on entry { $on }, which is still in review
replica-ground-in-review-hint = release both: crew quarantine release { $on } …, or dismiss { $on } first
replica-some-ground-in-review = entry { $seq } builds on another that is still in review
replica-some-ground-in-review-hint = run crew sync and look at crew quarantine list again
replica-bundle = the file cannot be used: { $detail }
replica-bundle-hint = nothing was taken; copy the file again from its device
replica-foreign = what answered is not this municipality's server: { $detail }
replica-foreign-hint = nothing is lost; if the network wants a login, do that and repeat
replica-forged = the answer is not signed by the server that this device trusts: { $detail }
replica-forged-hint = do not trust this network; nothing was taken and nothing is lost
replica-out-of-step = the answer speaks of something unknown here: { $detail }
replica-out-of-step-hint = nothing is lost; repeat crew sync and, if it stays so, tell the administrator
replica-behind = the office knows entry { $theirs } of this device, but there are only { $ours } here
replica-behind-hint = this folder is an old copy: run crew sync, it continues under a new name and nothing is lost
replica-limit = it exceeds a limit: { $detail }
replica-limit-hint = nothing was saved; split the work into smaller steps
replica-rules = a rule does not read: { $detail }
replica-rules-hint = tell the administrator
replica-index = the index does not read: { $detail }
replica-index-hint = remove this device's folder store/index: it is rebuilt from the journal and nothing is lost
thing-order = order
thing-kind = kind of work
thing-locality = locality
thing-crew = crew
thing-asset = asset
thing-material = material
thing-measure = measure
thing-field = field
thing-step = step
thing-state = state
thing-record = record
thing-item = line with the number
thing-priority = priority
thing-plan = plan
thing-check = checklist point
thing-device = device
thing-entry-in-review = entry in review
thing-the-note = the note
thing-the-title = the title
thing-the-reason = the reason
thing-the-description = the description
thing-the-name = the name
value-not-yes-or-no = “{ $text }” is not yes or no
value-not-whole = “{ $text }” is not a whole number
value-not-date = “{ $text }” is not a date (YYYY-MM-DD)
value-other-type = “{ $text }” is not of the field's type
value-too-fine = { $text } has more than { $digits } digits after the point
value-impossible = { $value } is impossible: it must { $extent }
value-between = lie between { $min } and { $max }
value-at-least = be at least { $min }
value-at-most = be at most { $max }
value-not-positive = “{ $text }” is no amount
value-too-long = it has { $found } characters; { $max } are allowed
value-no-choice = “{ $value }” is none of the choices
value-other-unit = it is measured in { $expected }, not in { $found }
value-comma = write the decimals after a point, not a comma: “{ $text }”
value-not-number = not a number: “{ $text }”
value-too-many-digits = it has too many digits: “{ $text }”

## How a command is written

usage-missing = { $arg } is missing
usage-unknown = { $arg } is not known
usage-unknown-command = there is no command { $word }
usage-no-command = it is not said what to do
usage-no-value = { $arg } lacks its value
usage-bad-value = { $value } does not fit { $arg }
usage-surplus = { $value } is too much
usage-wrong-number = { $arg } has too few or too many values
usage-twice = { $arg } is given more than once
usage-conflict = { $arg } does not go with { $other }
usage-unreadable = there are unreadable characters
usage-possible = possible: { $valid }
usage-suggestion = did you mean { $near }?
usage-see-help = add --help to see how it is used
help-examples = Examples

## Audit: moments, differences

moment-not-time = “{ $text }” is not a time
moment-not-time-hint = write 2026-11-21T18:00:00Z, 2026-11-21T12:00:00-06:00 or 2026-11-21
moment-number-claimed = --claimed takes times, not ledger numbers
moment-number-claimed-hint = write two times or leave --claimed out
moment-reversed = { $to } is before { $from }
moment-reversed-hint = write the earlier moment first
diff-as-claimed = as each device claimed
diff-nothing = nothing changed between those moments

## Audit: checkpoints, witnesses, proofs

checkpoint-kept = checkpoint of { $entries } entries kept in { $shown }
checkpoint-both-kept = the checkpoint that was kept is in { $kept }, the one that was shown in { $shown }
checkpoint-no-split = the office has not shown two histories to this device
checkpoint-no-split-hint = nothing needs doing
checkpoint-none = this device has no checkpoint of that ledger: { $detail }
checkpoint-none-hint = run crew sync, or use --from URL
checkpoint-short = to read it aloud: { $short }
compare-same = both checkpoints are the same, of { $entries } entries
compare-ahead = the other checkpoint, of { $theirs } entries, goes on from this device's, of { $own }
compare-behind = this device's checkpoint, of { $own } entries, goes on from the other, of { $theirs }
compare-other-size = this device was never shown the ledger with { $size } entries, and the short form is not enough to compare it
compare-other-size-hint = run crew sync on both and repeat, or compare the whole checkpoint (QR or file)
compare-no-checkpoint = that is no checkpoint
compare-no-checkpoint-hint = scan the QR of crew audit checkpoint --qr, give its file, or type the short form
compare-parted = the checkpoints of { $size } entries are not of one history: the office showed different ones, or it was mistyped
compare-parted-hint = repeat with the whole checkpoint; if it stays, keep both and tell the auditor
cosign-done = { $name } witnesses the ledger of { $entries } entries, in { $shown }
    key to check it by: { $key }
cosign-refused = not signed: this witness cosigned { $old } entries and this checkpoint of { $new } does not continue them
cosign-needs-log = the ledger is needed to prove that it continues what was cosigned before
cosign-needs-log-hint = add --from URL (the server or a copy)
cosign-key-exists = { $shown } is there already
cosign-key-exists-hint = leave --new-key out, or name another file
cosign-bad-name = that name does not do: { $detail }
cosign-bad-name-hint = write something like audit.example/witness
cosign-bad-key = { $path }: { $detail }
cosign-bad-key-hint = restore that file from a copy, or make another key with --new-key
cosign-bad-state = { $path } does not read: nothing is signed without knowing what was signed before
cosign-bad-state-hint = restore that file from a copy; without it, begin with a new key
log-no-key = it is not known by which key to check the ledger
log-no-key-hint = give the key with --log-verifier; `cuadrilla-server init` and the server's page print it, and it is best had by another way
log-bad-checkpoint = the checkpoint is not of this ledger: { $detail }
log-bad-checkpoint-hint = compare the key (--log-verifier) with the one that you were given by another way
log-tile-missing = the server signed a ledger of which it does not give { $path }
log-tile-missing-hint = repeat; if it stays so, keep the checkpoint and report it: what is signed must be readable
log-forged = what the server gives of the ledger is not what it signed
log-forged-hint = keep the checkpoint it signed (crew audit checkpoint --from URL) and repeat from another network
log-unread = the ledger could not be read: { $error }
log-unread-hint = repeat, or check a copy of the ledger with --data
log-safe = nothing was changed here
log-split-hint = keep both checkpoints: together they prove that the ledger was rewritten; tell the auditor and delete nothing
receipt-made = receipt of { $folio }: { $changes } changes, proven in the ledger of { $entries } entries, in { $shown }
receipt-log-split = the server's ledger does not continue that checkpoint of { $size } entries
receipt-no-order = there is no order { $folio } in that ledger
receipt-no-order-hint = check the folio
receipt-not-everything = this device does not see the whole ledger, and a receipt needs each author's whole chain
receipt-not-everything-hint = ask dispatch or the auditor for it, or use --data with a copy of the ledger
receipt-not-in-log = that order is not in the ledger yet
receipt-not-in-log-hint = run crew sync and repeat
receipt-chain-missing = this device does not hold the whole chain of an author, device { $device }
receipt-chain-missing-hint = run crew sync and repeat, or use --data with a copy of the ledger
receipt-other-log = what this device knows is not what the ledger has: { $detail }
receipt-other-log-hint = run crew audit verify --from URL: it says from which number on
receipt-holds = { $folio }: { $changes } changes, each signed by its author and in the ledger of { $entries } entries
receipt-fails = the receipt proves nothing: { $error }
receipt-fails-hint = ask for another, and compare the key (--log-verifier) with the one that you were given by another way
verify-no-ledger = there is no ledger in { $path }
verify-no-ledger-hint = name the server's data folder, the one that holds “ledger”
verify-ledger-fails = number { $seq } of the ledger does not hold: { $detail }
verify-ledger-fails-hint = delete nothing: copy the whole folder and tell the auditor
verify-journal-holds = the journal is whole: { $entries } entries, { $own_entries } of this device in one chain, { $checkpoints } checkpoints of the office, signed and in order
verify-journal-fails = line { $number } of the journal does not hold: { $detail }
verify-journal-fails-hint = delete nothing: copy the whole folder and tell the administrator
verify-split-at = the histories part at number { $from }
verify-split-between = the histories part between numbers { $from } and { $to }
verify-nothing-to-compare = it is not said what to compare the kept checkpoint with
verify-nothing-to-compare-hint = add --from URL (the server or a copy) or --data DIR (the ledger)
verify-no-cosignature = the kept checkpoint does not carry the signature of the witness { $name }: { $detail }
verify-no-cosignature-hint = ask the witness for its checkpoint, or check the key given with --witness
verify-cosignature-old = the cosignature of { $name } is { $days } days old; { $max } are allowed
verify-cosignature-old-hint = ask the witness for a new one; if there is none to be had, ask why the log does not move
verify-log-extends = the ledger of { $entries } entries continues the kept checkpoint of { $size }
verify-log-holds = the ledger of { $entries } entries holds
verify-log-as-seen = { $holds }, and the { $seen } checkpoints that this device was shown; the { $known } entries it knows are in their places
verify-doubts = { $count } entries say that they saw another history of this ledger; the first is { $first }
verify-times = { $count } receipts have a time before something their entry had seen: the server's clock went back, or times were edited; the first is { $first }
verify-early = { $count } entries of { $devices } devices were made, by their clocks, before something they had seen arrived: a wrong clock, or, of several devices, times edited on the server
verify-log-shorter = the ledger has { $entries } entries and had { $was } before: some are missing; { $place }
verify-log-split = the ledger of { $entries } entries does not continue the one of { $was } that was seen before; { $place }

## The case file (expediente)

case-title = Case file { $folio }
case-kicker = Case file of a work order
case-folio = Folio
case-order-title = Title
case-status = Status
case-kind = Kind
case-locality = Locality
case-crew = Crew
case-asset = Asset
case-priority = Priority
case-due = Due
case-plan = Plan
case-made = Made
case-up-to = Ledger up to
case-zone = Times in
case-record = Record
case-description = Description
case-field = Field
case-value = Value
case-where = Where
case-who = Who
case-what = What
case-when = When, by each clock
case-claimed = Claimed
case-received = Received
case-material = Material
case-quantity = Quantity
case-note = Note
case-ticked = ☑ yes
case-not-ticked = ☐ no
case-saved = Saved: it is on this device alone.
case-in-review = In review:
case-released = Released
case-dismissed = Dismissed
case-restarted = device restarted
case-clock-jumped = the clock jumped { $by }
case-skew = off by { $seconds } s
case-differences = Fields with two values, and decisions
case-not-settled = Not decided
case-stands = “{ $value }” stands
case-devices = People and devices
case-device = Device
case-role = Role
case-people = People
case-entries = Entries
case-enrolled = Enrolled
case-revoked = Revoked
case-carried = carried { $count }
case-proof = Proof
case-proof-how = Each entry has a hash that depends on its content and on the same device's entry before it. The office's ledger gathers the hashes in a tree whose root is signed in the checkpoint. A checkpoint lets you verify that nothing was dropped, moved or altered: crew audit verify and docs/AUDIT.md, or any program that reads C2SP checkpoints (tlog-checkpoint).
case-device-number = Device and its number
case-hash = Hash
case-log-key = Key of the ledger
case-checkpoint = The newest checkpoint that this device holds
case-no-checkpoint = This device has no checkpoint yet.
case-not-provable = What cannot be proven
case-foot = Made { $at } by { $by } on device { $device }, with the ledger up to no. { $seq }.
case-wrote = wrote { $path }
case-how-to-print = to print: --html FILE; as a table: --csv FILE

## Help of the commands: a command, and its arguments as attributes. Arguments that mean the same in several commands stand in help-common.

help-usage = Usage
help-heading-commands = Commands
help-heading-forms = Forms
help-heading-arguments = Arguments
help-heading-options = Options
help-value-command = COMMAND
help-value-options = [OPTIONS]
help-common =
    .carried = Of that device only what a carrier had taken over and vouches for
    .device = All work in review of this device, by its name, letters or how its id begins
    .file = The file
    .folio = The order's folio
    .ids = The entries, by the number that the list shows
    .localities = A locality the device works in; may be repeated
    .log_verifier = Key of the ledger (otherwise the one this device pinned when it enrolled)
    .name = The person's name
    .no_sync = Do not try to tell the office at once
    .order = Only this order, by folio
    .out = Write it to this file (otherwise to the screen)
    .reason = Why
    .role = Role: crew, dispatcher, supervisor, auditor, admin
help-crew = Work orders of municipal crews, with or without signal
    .home = Folder of this device (otherwise `CUADRILLA_HOME` or the platform's data folder)
    .json = One JSON value on standard output, nothing else
    .pin_file = File with the person's PIN (otherwise `CREW_PIN`, or it is asked for)
    .lang = Language: es, en
    .help = This help
    .version = Version of this program
    .examples =
        crew enrol https://cuadrilla.example K7QM-2XWD-9RTF --name "Cuadrilla 7"
        crew order list
        crew start MZQ-26-K7-0012
        crew measure MZQ-26-K7-0012 free_chlorine 0.80 mg/L
        crew note MZQ-26-K7-0012 "Changed the valve"
        crew finish MZQ-26-K7-0012
        crew sync
help-enrol = Enrol this device with a one-time code
    .yes = Do not ask whether municipality, role and crew are right
    .url = The server's address, or an invitation link, which also holds the code
    .code = The one-time code
    .name = Name of this device, or of the crew that carries it
    .ca = Certificate of the authority that vouches for the server (PEM), if the system does not know it
help-status = State of this device: what is saved, sent or in review
help-sync = Exchange with the office until both sides have everything
    .poor_link = Small messages from the start, for a bad connection
    .photos = When photos go: now, later or ask; otherwise now, and later on a bad connection
    .watch = Stay, and exchange whenever the server has news
    .examples =
        crew sync
        crew sync --poor-link
        crew sync --watch
help-order = Work orders
help-order-new = Make an order
    .kind = The kind of work, by key or name
    .locality = The locality, by key or name
    .asset = The asset, by key
    .crew = The crew's code
    .title = A short title
    .fields = A field of the kind, as field=value; may be repeated
    .description = What is to be done
    .due = Due date, YYYY-MM-DD
    .priority = Priority: low, normal, high, urgent
    .plan = The plan it counts for, by key
    .examples =
        crew order new --kind chlorination --locality "Pueblo Nuevo" --crew C-07
        crew order new --kind leak_repair --locality Mezquitic --title "Leak at Hidalgo 12"
help-order-list = List orders
    .status = Only those in this state
    .crew = Only this crew's
    .locality = Only those in this locality, by key or name
    .examples =
        crew order list --status in_progress --crew C-07
help-order-show = Show an order whole
help-order-start = Start the work
help-order-pause = Pause the work
help-order-finish = Finish the work
help-order-cancel = Cancel the order
help-order-reopen = Reopen an order
help-order-approve = Approve finished work
help-order-step = Any other step that the kind of work has
    .step = The step
help-order-assign = Assign the order to a crew
    .crew = The crew's code, such as C-07
help-order-note = Add a note
    .text = The note
help-order-measure = Add a reading
    .what = What is measured, such as cloro or ph
    .value = The value, with a point before the decimals
    .unit = The unit, such as mg/L
    .place = Where it was taken
    .instrument = With which instrument
    .examples =
        crew measure MZQ-26-K7-0012 free_chlorine 0.80 mg/L --where "tap of the tank"
help-order-correct = Correct a reading, a material, a note or a photo; what was written first stays in the history
    .item = The number of the line, as the order shows it
    .unit = The unit of what counts instead, if it is another
    .value = What counts instead; its unit may follow
    .void = It counts no more
    .examples =
        crew correct MZQ-26-K7-0012 23 --value 0.80 --reason "the point was missing"
        crew correct MZQ-26-K7-0012 25 --void --reason "it belongs to another order"
help-order-material = Add material used
    .sku = The material's key
    .qty = How much
    .unit = The unit, such as pza
    .examples =
        crew material MZQ-26-K7-0012 HIPOCLORITO 2.5 kg
help-order-photo = Add a photo or a signature
    .file = The picture: JPEG, PNG or WebP
    .what = What it shows: before, during, after, meter, signature or letter
    .caption = What it is of, in a few words
    .post = Of a signature: the post of who signed, never a name
    .lat = Degrees north of where it was taken
    .lng = Degrees east of where it was taken
    .accuracy = How far off the place may be, in metres
    .heading = Where the camera looked, in degrees from north
    .keep_original = Keep the camera's file too, on this device only
    .examples =
        crew photo MZQ-26-K7-0012 tank.jpg --what after
        crew photo MZQ-26-K7-0012 firma.png --what signature --post "Comisariado ejidal"
help-blob = Bytes of photos and signatures
help-blob-status = How many are here, are to be sent, and are with the office
help-blob-get = Get a photo's bytes, from this device or from the office
    .sha256 = The photo's name, 64 hexadecimal digits
    .file = Where to write it
help-blob-free = Delete the copies here of what the office has
help-blob-erase = Erase a photo everywhere; that it was there stays in the history
    .item = The number of the photo, as the order shows it
    .reason = Why: asked, bystander, mistaken or ordered
    .examples =
        crew blob erase MZQ-26-K7-0012 31 --reason bystander
help-order-set = Fill in a field
    .field = The field, by key or label
    .value = The value
    .examples =
        crew set MZQ-26-K7-0012 dose 1.20
help-order-check = Tick off a line of the checklist
    .item = The line of the checklist
    .undo = Take the tick away again
help-conflict = Fields with two values, which a person must decide
help-conflict-list = List the fields with two values
help-conflict-resolve = Decide which of the values stands, with the reason
    .field = The field, as listed
    .take = Take the value with this number, as listed
    .value = Write this value
    .examples =
        crew conflict resolve MZQ-26-K7-0012 fields.dose --take 2 --reason "The crew confirmed it"
        crew conflict resolve MZQ-26-K7-0012 fields.dose --value 1.20 --reason "Measured again"
help-quarantine = Work in review: the office has it and it does not count yet
help-quarantine-list = List what is in review
    .dismissed = Work of this device that was dismissed, to read and copy it
help-quarantine-release = Let work in review count after all
    .reason = Why; the author is told
help-quarantine-dismiss = Dismiss work in review; its author keeps a copy
    .reason = Why; the author is told
help-bundle = Exchange by file: USB stick, another phone
    .examples =
        crew bundle export /media/usb/c07.cuadrilla
        crew bundle import /media/usb/c07.cuadrilla
help-bundle-export = Write a file with what is still to be delivered
    .photos = With the photos that the office lacks, not only their small forms
help-bundle-import = Take what a file brings
help-bundle-inspect = Show what a file brings, without taking it
help-import = Localities, crews, assets, materials and orders from a YAML or JSON file
    .file = The file, YAML or JSON
help-invite = A one-time code for another device
    .until = Until which day the code lasts, at most a year; otherwise seven days
    .crew = The crew's code, for a crew's device
    .qr = Draw the link as a QR even where there is no terminal
    .examples =
        crew invite --role crew --crew C-07 --locality "Pueblo Nuevo"
help-device = Enrolled devices
help-device-list = List the devices
help-device-revoke = Revoke a device
    .device = The device, by its name, letters or how its id begins
    .fate = What became of it: lost, stolen, retired
    .reason = Why; its holder is told
help-device-assign = Give a device another role, crew or localities
    .device = The device, by its name, letters or how its id begins
    .crew = The crew's code, for a crew's device
    .reason = Why; its holder is told
help-device-rekey = Renew the key of this device
help-person = Persons who share this device, each with a PIN
help-person-add = Add a person with their PIN; from the first one on the device's key is encrypted
    .by_pin_file = File with the PIN of a person who is there already
help-person-list = List the persons of this device
help-person-use = Choose who works, with the PIN
help-person-remove = Remove a person, with their PIN or that of the person in use
help-person-lock = Choose nobody: no work is written until a person is chosen
help-audit = Who did what, when, and the proof of it
help-audit-log = List what was done, in ledger order
    .device = Only this device, by its id or how it begins
help-audit-replay = The state as the office knew it, or as it had happened, at some time
    .at_seq = As the office knew it at this ledger number
    .known_at = As the office knew it at this time (RFC 3339)
    .claimed_at = As it had happened by this time, as the crews claim (RFC 3339)
    .list = Of the whole municipality, only what a list shows
    .examples =
        crew audit replay --known-at 2026-11-21T18:00:00Z
        crew audit replay --order MZQ-26-K7-0012 --at-seq 120
help-audit-verify = Prove this device's journal, a server's ledger (--from) or a whole ledger (--data)
    .from = Check the ledger of this server, or of a static copy of it
    .data = Check the ledger in this folder, without the network
    .checkpoint = A checkpoint kept earlier: what is checked must continue it
    .witness = Require the cosignature of this witness on the kept checkpoint; may be repeated
    .witness_age_max = Refuses a cosignature that is older than so many days
    .examples =
        crew audit checkpoint --from https://cuadrilla.example --out kept.txt
        crew audit verify --from https://cuadrilla.example --checkpoint kept.txt
help-audit-checkpoint = Keep a checkpoint of the ledger, to hold the ledger to it later
    .from = Ask this server, or a static copy (otherwise: the newest this device was shown)
    .parted = The two checkpoints of the newest pair of histories that this device was shown: FILE.kept and FILE.shown
    .qr = Draws it as a QR, with a short form to read aloud
    .compare = Compare with what another person shows or reads: the text, its file, or the short form
    .examples =
        crew audit checkpoint --qr
        crew audit checkpoint --compare "176 0d96 499a 5ae3 b1bc"
help-audit-cosign = Cosign a checkpoint as a witness, once it continues what was cosigned before
    .file = The checkpoint to cosign (otherwise the newest of --from)
    .from = The server, or a static copy, whose tiles prove that it continues what was cosigned before
    .key = The witness's key
    .new_key = Make that key first
    .name = The witness's name in a new key, for example contraloria.example/testigo
    .out = Write the cosigned checkpoint to this file (otherwise to the screen)
    .examples =
        crew audit cosign --from https://cuadrilla.example --key witness.key --new-key --name audit.example/witness --out kept.txt
help-audit-receipt = Write a file that proves one order to a third party, without the office
    .folio = The order, by folio
    .from = The server, or a static copy, to read the ledger from (otherwise the one this device is enrolled with)
    .data = Make it from the ledger in this folder, without the network
    .checkpoint = The checkpoint to prove to, cosigned perhaps (otherwise the newest)
    .examples =
        crew audit receipt MZQ-26-K7-0012 --out receipt.json
help-audit-receipt-check = Check such a file, offline
help-audit-diff = What changed between two moments
    .from = The earlier moment: a ledger number, a time (RFC 3339) or a day
    .to = The later moment
    .claimed = By what the crews claim, not by when the office knew
    .examples =
        crew audit diff 2026-11-20 2026-11-21
        crew audit diff 120 145 --order MZQ-26-K7-0012
        crew audit diff 2026-11-20 2026-11-21 --claimed
help-audit-history = Everything that happened to an order, in plain words
help-audit-case = The case file of an order: a page to print, a value, a table
    .photos = With the photos themselves on the page, not only their small forms
    .html = Write the page to this file
    .csv = Write the table of what happened to this file
    .examples =
        crew audit case MZQ-26-K7-0012 --html case.html --csv entries.csv
help-completions = Completions for a shell
    .shell = The shell: bash, zsh, fish
    .examples =
        crew completions bash > ~/.local/share/bash-completion/completions/crew
help-man = Manual pages into a folder
    .dir = The folder for the pages

## The server's commands and page

server-io = { $what }: { $error }
server-io-hint = Check permissions and disk space.
server-corrupt = entry { $seq } of the ledger is damaged: { $detail }
server-corrupt-hint = Restore the data folder from a backup and run `verify`; the devices send again what is missing by themselves. Do not delete the damaged folder.
server-index = the index could not be read: “{ $detail }”
server-index-hint = Run `cuadrilla-server rebuild`: the index is rebuilt from the ledger, nothing is lost.
server-locked = { $path } is in use by another process
server-locked-by = { $path } is in use by process { $pid }
server-locked-hint = Stop that server first, or name another folder with --data.
server-no-store = there is no Cuadrilla data in { $path }
server-no-store-hint = Make them with `cuadrilla-server init --data DIR --municipality KEY --name NAME`.
server-disk-full = there is no space left to write to { $path }
server-disk-full-hint = Free some space and repeat.
server-read-only = writing to { $path } is not allowed
server-read-only-hint = Check the folder's owner and permissions.
server-newer-format = { $path } is of a newer version of this program
server-newer-format-hint = Update cuadrilla-server.
server-unfit-file-system = the file system of { $path } offers no locks or does not confirm what it keeps: nothing was saved
server-unfit-file-system-hint = Put the folder (--data) on a local disk, not on a network or shared drive.
server-store-hint = Check the disk and run `verify`.
server-hub = the ledger does not open: “{ $detail }”
server-hub-hint = Check that log.key belongs to this data; `verify` checks the ledger, `rebuild` rebuilds the index.
server-no-command = it is not said what to do
server-usage-hint = Run `cuadrilla-server --help`, or the command with `--help`.
server-no-schemas = there is no folder of rules in { $path }
server-no-schemas-hint = Correct --schemas or CUADRILLA_SCHEMAS, or leave it out to use the built-in rules.
server-not-created = could not create { $path }
server-not-read = could not read { $path }
server-not-written = could not write { $path }
server-key-exposed = others may read { $path } (mode { $mode })
server-key-exposed-hint = Run `chmod 600 { $path }`.
server-key-unreadable = { $path } does not hold 64 hex digits
server-key-unreadable-hint = Restore it from a backup.
server-key-missing = { $path } is missing
server-key-missing-hint = Make the data with `cuadrilla-server init`, or restore that file from a backup.
server-no-randomness = the system gave no randomness: { $error }
server-no-randomness-hint = Restart the machine.
server-setting-range = { $name } = { $count }: it must be between 1 and 1073741824
server-setting-least = { $name } = { $count }: it must be at least { $least }, because of another setting or limit
server-setting-witness = a witness cosigns kept checkpoints, and checkpoints = none keeps none
server-setting-unreadable = { $name } = “{ $text }” is not understood: “{ $detail }”
server-setting-file = { $path } cannot be read as TOML: “{ $detail }”
server-setting-hint = Run `cuadrilla-server serve --help`: it lists every setting with its default.
server-web-none = { $path }: there is no app for browsers here (index.html is missing)
server-web-none-hint = Name the folder web/dist that cargo xtask web makes, or leave web out: the app that the program holds is served.
tls-check-url = not an https address: { $url }
tls-check-url-hint = Write it as phones use it: https://server.example:8443.
tls-check-no-url = there is no address to check, and the settings name no certificate with a name (tls_cert)
tls-check-plain = { $url } is no https address
tls-check-plain-hint = By http a browser works without signal on this machine alone (localhost): phones need https.
tls-check-no-authority = { $path } is not the certificate of an authority (CA:TRUE): no phone installs it
tls-check-no-authority-hint = Name the certificate of the authority that signed the server's, as it is installed on the phones.
tls-check-no-connection = no connection to { $host } port { $port }: { $why }
tls-check-no-connection-hint = Check the name, the port and the firewall, from where phones are too.
tls-check-no-tls = what answers there speaks no TLS that phones know (1.2 or 1.3): “{ $detail }”
tls-check-no-tls-hint = Check tls_cert and tls_key, or the proxy before the server.
tls-check-server = Server
tls-check-version = TLS
tls-check-subject = Certificate
tls-check-names = For the names
tls-check-issuer = Issued by
tls-check-valid = Valid
tls-check-days = Days left
tls-check-sent = Certificates sent
tls-check-fault = NO: { $what }. { $hint }
tls-check-expired = the certificate of { $subject } ended on { $until }
tls-check-expired-hint = Renew it; the server takes up the new files by itself.
tls-check-early = the certificate of { $subject } begins on { $from } only
tls-check-early-hint = Check the date of this machine and of the one that made it.
tls-check-name = the certificate is not for { $name }, but for { $names }
tls-check-name-hint = Use one of its names in the links, or have one made with this name (subjectAltName).
tls-check-no-names = the certificate is for no name at all (subjectAltName is missing)
tls-check-self-signed = the certificate vouches for itself
tls-check-self-signed-hint = With the warning clicked away the app opens, but not without signal: have it signed by a public authority or by the municipality's own (docs/OPERATING.md, “TLS for phones”).
tls-check-authority = phones do not know the authority { $issuer }
tls-check-authority-hint = If it is the municipality's, install it on each phone and name it here with --ca FILE; or have one made by a public authority.
tls-check-incomplete = what the server sent ends at { $issuer }, which phones do not know
tls-check-incomplete-hint = Let it send the whole chain (tls_cert = fullchain.pem). If that authority is the municipality's, install it on each phone and name it here with --ca FILE.
tls-check-is-authority = the server shows the certificate of an authority (CA:TRUE) as its own
tls-check-other = the certificate is refused: “{ $detail }”
tls-check-other-hint = Have it made again by a public authority, or as docs/OPERATING.md says.
tls-check-soon = Attention: { $days ->
    [one] it ends in one day
   *[other] it ends in { $days } days
}. Renew it.
tls-check-long = Attention: it holds { $days } days; Apple's phones take at most { $most }.
tls-check-not-cuadrilla = Attention: what answers there is no Cuadrilla server, or the proxy does not pass /healthz.
tls-check-good = YES: a phone trusts this certificate.
tls-check-good-own = YES, on each phone on which the authority of { $path } is installed.
tls-check-bad = { $count ->
    [one] a phone does not trust this server, for one reason
   *[other] a phone does not trust this server, for { $count } reasons
}
tls-check-bad-hint = Put it right before anybody enrols: an app enrolled with a warning clicked away does not open without signal.
server-tls-one = tls_cert and tls_key go together: one is missing
server-tls-none = { $path }: there is no PEM certificate in it
server-tls-unreadable = { $path } cannot be read as PEM: “{ $detail }”
server-tls-mismatch = the key { $key } is not that of the certificate { $cert }
server-tls-unusable = { $cert } and { $key } do not work together: “{ $detail }”
server-tls-hint = tls_cert is the chain in PEM (the server's first), tls_key its key in PEM; without both, HTTP is served.
server-municipality = Municipality
server-folios = Folios
server-offset = Time
server-rules = Rules
server-log-key = Key of the ledger
server-admin-code = Administration code
server-link-long = The address { $url } is too long: an invitation link has at most { $max } characters
server-link-plain = The address { $url } cannot invite: anybody on the way could read the link
server-link-hint = Use the server's https:// address, a short one. http:// is for this machine alone.
server-link = Invitation link
server-bad-rule = Rule file not used
server-code = Code
server-expires = Expires
server-entries = Entries
server-devices = Devices
server-root = Root
server-other-history = Claim another history
server-times = Times that contradict
server-first-bad = First damaged
server-tail = Bytes ignored at the end (an append that was cut off, or its last record damaged)
server-new-files = New files
server-seconds = Seconds
server-photos = the photos on their way
server-photos-orphans = No entry names them, in { $days } days of the ledger since
server-photos-partials = Uploads without a new byte in { $days } days
server-photos-kept = Photos that stay
server-photos-rehearsal = This is a rehearsal: nothing was deleted; repeat with --delete
server-photos-deleted = They were deleted
server-photos-unreached = the place of the photos cannot be reached: { $detail }
server-photos-unreached-hint = check --blobs or CUADRILLA_BLOBS, and the AWS_… variables if it is a bucket
server-store-exists = there is Cuadrilla data in { $path } already
server-store-exists-hint = Name another folder with --data; for another administration code: `cuadrilla-server invite`.
server-name = “{ $name }” is not a name
server-name-hint = Use 1 to 100 letters, for example --name Mezquitic.
server-prefix = “{ $prefix }” cannot begin folios
server-prefix-hint = Use 2 to 4 capital letters, for example MZQ.
server-source-flag = flag
server-source-file = file
server-source-default = default
server-no-threads = no threads
server-signals = signals
server-listening = Listening on { $address }
server-not-listening = cannot listen on { $address }: { $error }
server-not-listening-hint = Stop what uses that port, or choose another with --listen 127.0.0.1:0.
server-other-published = what was published ({ $path }, { $old } entries) is not the beginning of this ledger of { $size }
server-other-published-hint = Do not overwrite it: find out which of the two changed, and publish to another folder.
server-conflicts = Two values
server-no-order = the ledger has no order { $folio }
server-no-order-hint = Check the folio; an order appears here once its device has sent it.
server-page-title = Cuadrilla server of { $name }
server-page-no-app = This server does not hold the app for browsers.
server-page-no-app-how = The person who builds the program makes the app first, and then the program again:
server-page-text = The crews' devices send their work here. To enrol one, ask the administration for a code and run:
server-page-key = Key of the ledger, for auditors:

## Help of the server's commands

help-server = Server of Cuadrilla: takes in what crews recorded, keeps it and passes it on.
    .json = Write a single JSON value to the output.
    .lang = Language: es or en.
    .data = Data folder.
    .delete = Delete what was found; without it, this is a rehearsal.
    .municipality = INEGI key of the municipality, for example 14061.
    .name = Name of the municipality.
    .url = Address that devices find it by; with it the invitation link is given too.
    .folio_prefix = Letters that folios begin with; taken from the name if absent.
    .utc_offset = How far its time is from UTC, for example -06:00; that of its state if absent.
    .schemas = Folder of rule files that override the built-in ones; empty looks for one.
    .to = Folder that the static host serves; `log/` is made in it.
    .config = TOML file of settings; flags win, then variables, then this file.
    .address = The https address as phones use it; without it, the server that the settings describe.
    .ca = PEM file of the municipality's authority that is installed on the phones.
    .folio = Folio of the order.
    .role = Role; only admin here, the administration invites others with `crew invite`.
    .rules = Folder with `work/`, `steps.json` or `measures.json`.
    .compare = Data folder: also compares with the rules in force and with what orders hold.
    .shell = Shell.
help-server-settings = Settings
help-server-setting = Settings
    .listen = Address to listen on; port 0 takes a free one.
    .schemas = Folder of rule files that override the built-in ones; empty looks for one.
    .web = Folder with the app for browsers, read at each request; empty: the app that the program holds.
    .log_format = Log lines as text or json.
    .requests_max = Requests of devices in progress, all together; beyond it the answer is 503.
    .connections_max = Open connections; beyond it one that has not proven itself is closed for each new one.
    .events_max = Devices that listen for news at once.
    .queue_max = Checked requests that wait for the writer.
    .batch_requests_max = Requests made durable by one fsync.
    .batch_bytes_max = Bytes of requests made durable by one fsync.
    .header_timeout_ms = Milliseconds for a request's headers, also between requests.
    .body_timeout_ms = Milliseconds for a request's body.
    .answer_timeout_ms = Milliseconds for an answer once the body is here.
    .device_requests_max = Requests of one device in progress; beyond it the answer is 429.
    .strangers_max = Requests of strangers that wait for their signature to be checked; beyond it the answer is 503.
    .public_max = Answers about the public log in progress; beyond it the answer is 503.
    .public_reads_max = Reads of the public log that one address may make at once.
    .public_reads_per_min = Further reads of the public log a minute from one address.
    .peer_connections_max = Connections of one address (IPv6: one /64) that have not proven themselves; beyond it the oldest is closed.
    .device_connections_max = Connections that one device keeps beside its streams; beyond it its oldest is closed.
    .connection_life_ms = Milliseconds after which a connection is closed, once its request is answered.
    .write_timeout_ms = Milliseconds in which a peer must read at least 1 KiB of what is sent to it.
    .body_grace_ms = Milliseconds before a body's speed is judged.
    .body_bytes_per_s = Bytes a second that a body must then have arrived with, on average.
    .stranger_bytes_max = Bytes of bodies of strangers held at once; beyond it one of the address that holds the most is cut off.
    .peer_bytes_max = Bytes of bodies of strangers held at once from one address.
    .device_bytes_max = Bytes of bodies of devices with a ticket held at once; of one device: two of the largest messages.
    .device_streams_max = Event streams of one device; beyond it its oldest is closed.
    .keep_alive_ms = Milliseconds between signs of life to a device that listens.
    .grace_ms = Milliseconds that requests in progress may take after a stop signal.
    .tls_cert = PEM file with the certificate chain; with tls_key, HTTPS is served.
    .tls_key = PEM file with the certificate's private key.
    .blobs = Where photos are kept: a folder, or s3://BUCKET[/FOLDER]; empty: in the data.
    .checkpoints = Folder outside the data for a checkpoint a day; empty: beside the data folder; none: keeps none.
    .witness = Witness that cosigns the checkpoint of each day: its address, a space, its key; empty asks none.
    .peer_header = Header in which a trusted proxy names the client, as x-forwarded-for; empty trusts none.
    .enrol_tries_max = Attempts to enrol that one address may make at once; good codes do not count.
    .enrol_tries_per_min = Further attempts to enrol a minute from one address.
    .enrol_all_tries_max = Attempts to enrol at once from all addresses together.
    .enrol_all_tries_per_min = Further attempts to enrol a minute from all addresses together.
    .device_units_max = Work units a device may use at once; one is a request, an entry, 8 operations, 1 KiB or 4 KiB of rows.
    .device_units_per_s = Work units a second that a device gets back.
    .crew_day_bytes_max = Bytes that a crew's device may bring in a day.
    .office_day_bytes_max = Bytes that any other device may bring in a day.
    .revoked_bytes_max = Bytes that are taken in all of a device after it was revoked.
    .reserve_bytes = Free bytes kept on the disk; below it work is refused. 0: 5 % of the disk, 4 to 64 MiB.
help-server-default = [{ $variable }; default: { $value }]
help-server-value = VALUE
help-server-init = Makes the data of a municipality and the code of its first administrator.
help-server-serve = Serves devices until SIGTERM or SIGINT.
help-server-config = Shows the settings it would serve with, and where each comes from.
help-server-verify = Checks every entry of the ledger: checksums, chains, signatures and Merkle root.
help-server-rebuild = Throws the index away and rebuilds it from the ledger.
help-server-sweep-photos = Looks for photos that no entry names and for abandoned uploads, with the server stopped; deletes them with --delete.
help-server-log-export = Writes the transparency log as files, for any static host.
help-server-check-rules = Checks a folder of rules before it is published; with --data also against what is in force and held.
help-server-check-tls = Checks whether a phone trusts the server's certificate, and says what is wrong with it.
help-server-show = Shows one order by reading the ledger; works while serving too.
help-server-invite = Gives a new administration code, with the server stopped.
help-server-completions = Writes the completions of a shell.
help-server-man = Writes the manual page.

app-bad-call = the app asked for something that does not exist: { $detail }
app-fault-hint = this is a fault of the app: close and open it; your work is saved
app-disk-full = there is no space on this phone: it was not saved
app-disk-full-hint = free space (photos, videos) and save again; what was saved before is safe
app-unconfirmed = the phone did not confirm that it saved: whether it did is not known
app-unconfirmed-hint = close and open the app: look whether it is there, and note it again if not
app-corrupt = the journal of this phone is damaged: { $detail }
app-corrupt-hint = delete nothing; call the office: what was sent is there, and the rest can perhaps be rescued
app-newer-format = a newer version of the app wrote the journal of this phone
app-newer-format-hint = update the app; nothing is lost
app-store = it could not be saved or read: { $detail }
app-journal-lost = the browser deleted a part of what was saved on this phone
app-journal-lost-hint = what the office has comes back when you enrol again; what had not been sent may be missing
