### What people read in the app, in English. The same ids, in the same order, as es-MX.ftl.

## Ticks
tick-saved = saved
tick-saved-count = { $count } saved
tick-sent = sent
tick-sent-count = { $count } sent
tick-counts = counts
tick-counts-count = { $count } { $count ->
    [one] counts
   *[other] count
}
tick-review = in review
tick-review-count = { $count } in review
tick-unknown = not known
tick-unknown-count = { $count }: not known

## Time
ago-never = not yet
ago-now = now
ago-minutes = { $count } { $count ->
    [one] minute
   *[other] minutes
} ago
ago-hours = { $count } { $count ->
    [one] hour
   *[other] hours
} ago
ago-days = { $count } { $count ->
    [one] day
   *[other] days
} ago

## The dado
band-all = Nothing unsent
band-unsent = { $count } saved here, not sent
band-unknown = { $count } saved here: not known whether { $count ->
    [one] it
   *[other] they
} arrived
band-photos = { $count } { $count ->
    [one] photo saved here, not sent
   *[other] photos saved here, not sent
}
band-review = { $count } in review · { $unsent } not sent
band-revoked = Revoked · { $count } saved here
band-split = Not sending: two different pasts
band-heard = The office last answered: { $ago }
band-not-kept = no permission to keep data
tabs-label = Parts of the app
tab-today = Today
tab-new = New
tab-sends = Sending

## Common
opening = Opening…
opening-lines = Reading the notebook: { $done } of { $last }
yes = Yes
no = No
save = Save
see = See
change = Change
undo = Undo
undo-reason = Undone at once
well = fine
ask-again = Ask again
write-first = Write first
choose-first = Choose first
back-today = Back to Today
back-order = Back to the order
back-sends = Back to Sending
said-saved = Saved on this phone
said-undone = Undone
said-corrected = Corrected and saved
said-voided = Voided and saved
said-explained = Explanation saved
said-photo = Photo saved on this phone
said-signed = Signature saved on this phone
said-taken = { $count } { $count ->
    [one] entry received
   *[other] entries received
}

## Door
door-title = Enter with your invitation
door-what = Dispatch gives it to you, on paper or on a screen. It works once. If it is a QR code, read it with the phone's camera.
door-code = Type the code
door-code-hint = 12 letters and digits. O and 0 are the same.
door-code-first = Type the code
door-next = Go on
door-asking = Asking the office…
door-office = The office at { $host } is asked
door-none = This phone belongs to no crew yet
door-nothing-yet = Nothing has been saved yet
door-heard-now = The office answered now
door-not-spent = Your invitation was not spent.
door-no-invitation = No invitation?
door-no-invitation-what = Ask dispatch for one, by radio or in person. Without it this phone cannot note the municipality's work.
door-you = Is this you?
door-municipality = Municipality
door-crew = Crew
door-role = Enters as
door-until = The invitation is good until
door-where = Where it will live
door-this-browser = In this browser, on this phone
door-closed = This invitation was used or has expired. Ask dispatch for another.
door-name = What do we call this phone?
door-name-given = Phone of { $crew }
door-name-hint = For example: Phone 1 of C-02
door-name-first = Write a name for the phone
door-yes = Yes, enter
door-busy = Entering…
door-not-me = Not me, go back
door-done = Done. This phone belongs to { $crew }
door-done-invitation = Invitation accepted
door-done-key = Key of this phone made
door-done-offline = Opens without signal from now on
door-done-keep = Permission to keep data: granted
door-done-no-keep = Permission to keep data: not granted
door-folios = Its folios carry the letters { $letters }.
door-go = See today's work
door-install = Put on the home screen
door-not-kept = Here the app would not open tomorrow without signal
door-not-kept-what = The browser would not keep the app. Nearly always the office's certificate is not one that this phone trusts.
door-not-kept-1 = Tell who looks after the server: { $host } needs a certificate that the phone accepts without asking.
door-not-kept-2 = If that was mended, try again.
door-again = Try again
role-crew = Crew
role-dispatcher = Dispatch
role-supervisor = Supervision
role-admin = Administration
role-auditor = Audit
keep-will-ask = The phone will ask whether it may keep things.
keep-say-yes = Say yes: then it does not delete your work when it runs out of room.
keep-refused = You can work, but a full phone might delete what was not sent.
keep-refused-how = Put the app on the home screen, open it from there, and ask for the permission again.
lack-secure = You cannot enter here: the connection is not secure
lack-secure-what = Over “http” the browser keeps no work and opens nothing without signal.
lack-secure-1 = Open the address that begins with https.
lack-secure-2 = If there is none, ask who looks after the server.
lack-secure-3 = For a trial: use localhost on the same machine, or “adb reverse” over USB.
lack-browser = This browser cannot keep your work
lack-browser-what = It lacks what working without signal needs.
lack-browser-1 = Use Chrome 109, Firefox 111 or Safari 17, or newer.
lack-browser-2 = If you are inside another app, open the address in the browser.
lack-list = Missing:
lack-secure-name = a secure connection
lack-wasm-name = compiled programs (WebAssembly)
lack-files-name = files of the site's own
lack-locks-name = turns between tabs
lack-database-name = the browser's database
lack-worker-name = opening without signal (service worker)

## Today
today-title = Today
today-search = Search my orders
today-search-hint = Search folio, place or work
today-filter = Filter
today-all = All
today-unsent = Not sent
today-in-progress = In progress
today-due = Due
today-by-phone = by this phone's date
today-open = To begin
today-done = Finished this week
today-found = { $count } with “{ $query }”
today-none = There are no orders for you
today-none-found = No such order
today-as-known = As far as is known. The office last answered: { $ago }.
row-conflicts = { $count } { $count ->
    [one] item with two values
   *[other] items with two values
}
row-late = { $count } { $count ->
    [one] day late
   *[other] days late
}
row-due = for { $day }

## Order
order-lines = Details
order-checks = Checklist
order-materials = Material
order-proof = Proof
order-photos = Photos and signatures
order-photos-count = { $count ->
    [0] no photos
    [one] 1 photo
   *[other] { $count } photos
}
order-note-by = Note · { $who } · { $when }
order-history = History
order-history-all = See all { $count } entries
order-add = Add
order-note-line = Note { $what }
tool-photo = Photo
tool-note = Note
tool-material = Material
line-missing = missing
line-missing-long = needed to finish
line-again = note another
line-empty = not noted
norm-below = below the norm
norm-above = above the norm
norm-below-long = Below the norm.
norm-above-long = Above the norm.
norm-kept = It is saved and marked
norm-in = Within the norm
norm-between = norm: { $min } to { $max } { $unit }
norm-least = norm: { $min } { $unit } or more
norm-most = norm: { $max } { $unit } or less
norm-word = norm
history-claimed = claimed { $when }
history-received = received { $when }

## Pad
pad-keys = Numbers
pad-point = decimal point
pad-erase = erase
pad-sign = plus or minus
pad-where = Where
pad-where-hint = Tank outlet, last house…
pad-write-first = Write the reading
pad-impossible = It cannot be that much
pad-save = Save { $value }
pad-slip = That is far from the usual
pad-meant = Did you mean { $value }?

## Note, material, step, finish
note-title = Note
note-label = What should be known?
note-hint = No names or phone numbers of neighbours. You can dictate with the keyboard's microphone.
note-save = Save note
material-title = Material used
material-what = Material
material-search = Search material
material-none = No material by that name
material-none-what = Write it in a note: dispatch adds it.
material-unit = Unit
material-unit-hint = piece, kg, L, m…
material-unit-first = Write the unit
material-how-much = Write how much
step-why = Why?
step-why-hint = Dispatch reads it, and it stays in the history.
finish-missing = Missing to finish
finish-must = Required
finish-note = Note
finish-note-missing = Note what is missing
finish-nothing = Nothing required is missing.
finish-as = As it stands
finish-helps = Not required, but it helps
finish-or-pause = Cannot be finished today? Pause it: it stays yours and nothing is lost.
finish-done = Saved on this phone
finish-done-what = It is sent by itself when there is signal. Dispatch looks at it afterwards.

## Correction
fix-title = Correct
fix-says = It says
fix-should = It should say
fix-should-unit = It should say, in { $unit }
fix-why = Why?
fix-why-words = In your words
fix-slip = Slip of the finger
fix-again = I measured again
fix-other = Another reason
fix-stays = The first stays in the history, struck through, with your name and the time. The corrected one counts.
fix-void = Void without another
fix-do = Correct to { $value }
fix-reason-first = Choose why
fix-no-item = This is no longer in the order.

## Conflict
conflict-of = { $what }: two values
conflict-office = Dispatch decides.
conflict-go-on = You can go on and finish.
conflict-explain = Explain to dispatch
explain-title = Explain to dispatch
explain-which = { $what }: which one holds in the field?
explain-neither = Neither of them
explain-how = How do you know?
explain-what = It is saved as a note in the order. Dispatch decides and writes why; you will see it here.
explain-save = Save explanation
explain-note = { $what }, two values. In the field this holds: { $side }. { $why }

## Photos and signature
photos-title = Photos
photos-which = Which moment is it of?
photos-none = No photos yet
photos-what = Photos go last, after what was noted. What cannot be seen is taken out of the photo.
photo-before = Before
photo-during = During
photo-after = After
photo-meter = Meter
photo-signature = Signature
photo-letter = Letter
photo-take = Take photo: { $what }
photo-pick = Choose
photo-busy = Preparing the photo…
photo-here = it is on this phone
photo-at-office = the office has it
photo-erased = erased by the office
photo-nowhere = it is not on this phone
photo-lost = The photo did not arrive
photo-lost-what = The phone closed the app while the camera was open. What you noted is still here; take the photo again.
sign-title = Signature
sign-who = Who signs? The post only, no name
sign-water = Water warden
sign-delegate = Delegate
sign-neighbour = Neighbour
sign-here = Sign here with a finger
sign-clear = Erase
sign-save = Save signature
sign-first = The signature is missing
sign-post-first = Choose who signs

## New order
new-title = New order
new-sub = Work, place, done
new-which-work = 1 · Which work?
new-work = Work
new-others = { $count ->
    [one] See the other kind of work
   *[other] See the other { $count } kinds of work
}
new-where = 2 · Where?
new-place = Place
new-last-first = the last one first
new-choose = choose
new-search-place = Search place
new-no-place = No place by that name
new-never-guess = The app never guesses which it is. If it is not in the list, choose the nearest and explain in a note.
new-same = One like it is open here:
new-open-same = Open that one
new-begin = Begin

## Sends
sends-title = Sending
sends-sub = What does the office have, and what not?
sends-saved = on this phone; survives switching off
sends-sent = the office has it and has yet to look
sends-counts = the office accepted it
sends-review = the office has it and it does not count yet
sends-unknown = sent, and nobody answered
sends-do = Look for signal and send
sends-again = Try again
sends-busy = Talking to the office…
sends-now = Talking to the office.
sends-go-on = You can go on working. If it is cut, it goes on from there.
sends-all = The office has everything of this phone, photos too.
sends-heard = It answered: { $heard }.
sends-photos = Photos
sends-photos-last = they go last
sends-photos-none = No photo waits.
sends-photos-left = { $count ->
    [one] 1 photo is left, { $size }.
   *[other] { $count } photos are left, { $size }.
}
sends-photos-refused = { $count ->
    [one] The office did not take 1 photo; it stays on this phone.
   *[other] The office did not take { $count } photos; they stay on this phone.
}
sends-photos-with = Send photos too
trouble-no-signal = There is no signal.
trouble-no-signal-what = Last answer of the office: { $heard }. What happened there since: not known. Nothing is lost.
trouble-unreachable = The office could not be reached.
trouble-unreachable-what = Last answer: { $heard }. There may be no power or internet there. Everything stays saved here, and is tried again by itself.
trouble-silent = There is signal, but the office does not answer.
trouble-silent-what = Last answer: { $heard }. Everything stays saved here, and is tried again by itself.
trouble-foreign = There is a network, but another page answered.
trouble-foreign-what = It looks like a wifi that wants a login or a voucher. Open it in the browser and come back. Nothing is lost.
trouble-cut = It was cut before the answer.
trouble-cut-what = Not known whether it arrived. Sending again never doubles it. Last answer: { $heard }.
trouble-busy = The office is busy.
trouble-busy-what = It asked to wait. It is tried again by itself; nothing is lost.
trouble-refused = The office did not take it.
trouble-refused-what = Everything stays saved here. Tell dispatch if it happens again.
trouble-stuck = The exchange does not move.
trouble-stuck-what = Everything stays saved here. Tell who looks after the server. Last answer: { $heard }.
ways-title = Without signal, another way
ways-give = Save or pass on in a file
ways-give-what = yours arrives, and what you carry of others; it works when another person hands it over
ways-take = Receive a file
ways-take-what = from another phone or a USB stick
device-title = This phone
device-heard = The office last answered
device-keep = Permission to keep data
device-keep-yes = granted
device-keep-no = not granted: a full phone might delete what was not sent
device-offline = Opens without signal
device-offline-yes = yes
device-offline-no = not yet: open the app once more with signal
device-install = Put the app on the home screen
device-install-what = It opens faster and is not mixed up with other tabs.
device-update = There is a new version of the app
device-update-what = Tap to change. What is half done stays saved.
device-lang = Language

## In review
review-title = In review
review-sub = The office has it. It does not count yet
review-since = since { $when }
review-wrote = What was noted
review-not-lost = Nothing is lost.
review-why = Why it does not count
review-then = What follows
review-then-what = The office must accept or dismiss it and say why. You need not do the work again.
review-see = See the order
review-explain = Explain
review-none = Nothing in review
review-as-known = As far as is known. The office last answered: { $ago }.
review-dismissed = Dismissed
review-copy = a copy is kept here
held-revoked = It came from a revoked phone.
held-other = Reason: { $reason }

## Alarms
alarm-work = Your work
alarm-do = What to do
alarm-go-on = Understood, go on noting
alarm-revoked = This phone was revoked
alarm-revoked-what = The office decided it. This reason was written:
alarm-revoked-safe = { $count ->
    [0] Nothing is left to send.
    [one] 1 saved entry was not sent. It can be sent: it will be in review.
   *[other] { $count } saved entries were not sent. They can be sent: they will be in review.
}
alarm-revoked-1 = If the phone is yours and is not lost, tell dispatch.
alarm-revoked-2 = Send what is left before it is changed for another.
alarm-revoked-send = Send { $count } to review
alarm-split = The office showed two different pasts
alarm-split-what = The record that the server shows today does not continue the one it showed before. It may have been changed, or a backup was restored badly.
alarm-split-safe = { $count ->
    [one] The saved entry that was not sent is still here, whole.
   *[other] The { $count } saved entries that were not sent are still here, whole.
}
alarm-split-1 = Go on noting: everything is saved on this phone.
alarm-split-2 = Tell the municipal auditor, not only dispatch.
gone-title = The browser deleted the app's files while it was open
gone-what = What you note from now on is kept elsewhere on the phone. Send as soon as there is signal, and tell dispatch.
elsewhere = The app is open in another tab
elsewhere-what = Only one can write at a time, so that nothing gets crossed.
elsewhere-safe = Nothing is lost: both use the same notebook of this phone.
elsewhere-1 = Go on in the other tab,
elsewhere-2 = or bring it here: the other one will be still.
elsewhere-here = Use here
evicted = The phone deleted the app's notebook
evicted-what = The phone ran out of room, or the site's data were cleared.
evicted-safe = What the office has is not lost. What was not sent is gone, and this phone cannot know how much that was.
evicted-1 = Note today's work again while you remember it.
evicted-2 = Put the app on the home screen and allow it to keep things.
evicted-go-on = Understood, go on
broken = The app could not open its notebook
broken-what = The program stopped several times.
broken-safe = Nothing was deleted. What was saved is still on this phone.
broken-1 = Close other tabs of the app and try again.
broken-2 = If it happens again, show this screen to dispatch.
broken-again = Try again

## What went wrong, by code
fault-internal = Something did not go as it should ({ $code }). What was saved is still here.
fault-no-core = A part of the app is missing
fault-no-core-hint = Open it once with signal.
fault-code-unknown = That code is of no invitation
fault-code-unknown-hint = Check it letter by letter, or ask dispatch for another.
fault-code-used = That invitation was used
fault-code-used-hint = Each invitation works once. Ask dispatch for another.
fault-code-expired = That invitation has expired
fault-code-expired-hint = Ask dispatch for another.
fault-device-taken = The office knows this phone's key already
fault-device-taken-hint = Show this screen to dispatch.
fault-too-many = There were many attempts from here
fault-too-many-hint = Wait some minutes and try again.
fault-other-address = This invitation is of another address
fault-other-address-hint = Open the link as it was given to you.
fault-files-locked = The browser still holds the files
fault-files-locked-hint = Close the browser completely and open it again.
fault-disk-full = There is no room on the phone
fault-disk-full-hint = It was not saved. Delete videos or apps that you do not use; what you wrote is still on the screen.
fault-slow = The phone is slow
fault-slow-hint = Try again.
fault-not-known = Not known whether it was saved
fault-not-known-hint = Look at the order before you repeat it.
fault-worker-dead = The app started again
fault-worker-dead-hint = Try again; what was saved is still here.
fault-panic = The app stumbled and starts again
fault-panic-hint = Look at the order before you repeat it.
fault-not-open = The notebook is in another tab
fault-no-key = The key of this phone is missing
fault-no-key-hint = What was saved is still here. Tell dispatch.
fault-no-bundles = This version makes no files
fault-photo-empty = The photo is empty
fault-photo-empty-hint = Take it again.
fault-photo-heic = This photo is HEIC, which this browser does not read
fault-photo-heic-hint = In the camera's settings choose “Most compatible” or JPEG.
fault-photo-unreadable = This photo cannot be read
fault-photo-unreadable-hint = It may be cut short. Take it again.
