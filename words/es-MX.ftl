### What people read, in Mexican Spanish (es-MX). The terminal, the server and the app share this
### file. Rules: say what happened, what became of the work, what to do. A name in braces is an
### argument; both files have the same names.

## States of work, exactly as docs/GLOSSARY.md defines them

state-saved = guardado
state-counts = cuenta
state-in-review = en revisión
state-not-known = no se sabe
state-released = liberado
state-dismissed = desechado
state-revoked = dado de baja
office-knows = la oficina ya lo sabe
office-told-at-sync = la oficina lo sabrá con el próximo «crew sync»

## Words for headings and labels

word-as-claimed = { $who } (según este equipo)
word-asset = activo
word-builds-on = se apoya en
word-carried = llevado
word-claimed = dicho
word-crew = cuadrilla
word-description = descripción
word-device = equipo
word-due = fecha límite
word-due-short = vence
word-folio = folio
word-hash = huella
word-kind = tipo
word-letters = letras
word-locality = localidad
word-material = material
word-name = nombre
word-not-before = no antes de
word-number = n.º
word-person = persona
word-plan = programa
word-priority = prioridad
word-received = recibido
word-role = papel
word-says = qué dice
word-server = servidor
word-status = estado
word-title = título
word-verdict = estado
word-what = qué
word-who = quién
word-why = por qué
word-writes = escribe
word-yes = sí
ledger-number = n.º { $seq }
repeat = repita la orden

## Counts

count-orders =
    { $count ->
        [one] 1 orden
       *[other] { $count } órdenes
    }
count-conflicts =
    { $count ->
        [one] dos valores
       *[other] dos valores en { $count } datos
    }
count-differences =
    { $count ->
        [one] 1 dato con dos valores
       *[other] { $count } datos con dos valores
    }
count-happenings =
    { $count ->
        [one] 1 hecho
       *[other] { $count } hechos
    }
count-entries =
    { $count ->
        [one] 1 hecho
       *[other] { $count } hechos
    }
count-devices =
    { $count ->
        [one] 1 equipo
       *[other] { $count } equipos
    }
count-segments =
    { $count ->
        [one] 1 tramo
       *[other] { $count } tramos
    }
count-round-trips =
    { $count ->
        [one] 1 viaje
       *[other] { $count } viajes
    }
count-receipts =
    { $count ->
        [one] 1 acuse
       *[other] { $count } acuses
    }

## Roles

role-crew = cuadrilla
role-dispatcher = despacho
role-supervisor = supervisión
role-auditor = contraloría
role-admin = administración
role-office = oficina
fate-lost = extraviado
fate-stolen = robado
fate-retired = retirado
role-unknown = no hay un papel así
role-unknown-hint-assign = vea crew device assign --help
role-unknown-hint-invite = vea crew invite --help

## Times

when-now = ahora
when-minutes = { $count } min
when-hours = { $count } h
when-days = { $count } d
when-months =
    { $count ->
        [one] 1 mes
       *[other] { $count } meses
    }
when-years =
    { $count ->
        [one] 1 año
       *[other] { $count } años
    }
when-ago = hace { $amount }
when-in = en { $amount }
when-impossible = hora imposible
time-legend = hora dicha: < anterior a lo posible · > posterior a lo posible · ? sin sello anterior · ± el reloj saltó. Dentro de su lapso, el momento exacto no se puede probar.
time-consistent = coherente
time-before-bracket = anterior a lo posible
time-after-bracket = posterior a lo posible
time-no-anchor = sin sello anterior

## Flags of readings and materials

flag-above-norm = por encima de la norma
flag-below-norm = por debajo de la norma
flag-not-in-catalog = no está en el catálogo

## Priorities

priority-low = baja
priority-normal = normal
priority-high = alta
priority-urgent = urgente

## Why something is in review

reason-revoked = el equipo está dado de baja
reason-out-of-scope = fuera de su zona o cuadrilla
reason-role = su papel no lo permite
reason-fork = copia o restauración del equipo
reason-dependency-held = se apoya en algo que está en revisión
reason-schema-rule = una regla no lo permite
reason-with = { $words } ({ $what })
record-of-sort = { $sort } { $key }
known-and-more = { $shown } y { $count } más
carried-gap = a la oficina le falta lo anterior
carried-unknown-device = la oficina no conoce ese equipo
carried-bad-chain = no concuerda con lo que la oficina tiene
carried-unknown-reference = menciona algo que la oficina no tiene
carried-code = su código de alta ya no vale: délo de alta otra vez

## Orders: noting work

order-assigned = asignada a { $crew }
order-checked = { $mark } { $item }
order-material = material { $sku }: { $qty } { $unit }
order-note-added = nota agregada
order-corrected = { $item } corregido: { $value }
order-voided = { $item } anulado
order-set = { $field } = { $value }
order-bad-field = --field «{ $text }» no tiene la forma campo=valor
order-bad-field-hint = escriba por ejemplo --field dosis=1.20
order-list-none = no hay órdenes así en este equipo

## Orders: the sheet of one

sheet-saved = guardado en este equipo, sin enviar
sheet-counts = enviado; cuenta
sheet-in-review = una parte está en revisión: la oficina la tiene y todavía no cuenta
sheet-kept = como se vio antes; lo más nuevo no se sabe: la oficina perdió una parte y este equipo la vuelve a leer
sheet-two-values = dos valores: { $field }
sheet-not-settled = hay varios valores
sheet-fields = Datos
sheet-checklist = Lista de verificación
sheet-measurements = Mediciones
sheet-materials = Material
sheet-notes = Notas
sheet-folios = también es
sheet-corrected = corregido; antes: { $from }, porque { $reason }
sheet-photos = Fotos y firmas
sheet-photos-where = { $office } de { $all } fotos en la oficina, { $here } sólo en este equipo, { $elsewhere } en otro
sheet-photo-office = en la oficina
sheet-photo-here = guardada en este equipo
sheet-photo-elsewhere = aún no está en la oficina
sheet-photo-erased = borrada por el n.º { $seq }: { $why }
photo-before = antes
photo-during = durante el trabajo
photo-after = después
photo-meter = medidor
photo-signature = firma
photo-letter = oficio
erasure-asked = lo pidió la persona que se ve
erasure-bystander = se ve a una persona ajena al trabajo
erasure-mistaken = es la foto de otra cosa
erasure-ordered = lo ordenó una autoridad
blob-code-no-picture = no es una foto, o trae algo más
blob-code-over-quota = este equipo, o esta orden, ya tiene sus fotos de hoy
blob-code-checksum = llegó dañada
blob-code-no-ticket = la oficina no la pidió
blob-code-erased = se borró por orden de la oficina
order-photo-added = foto anotada, { $width } × { $height }, { $kb } kB
photo-empty = { $path } está vacío
photo-empty-hint = tome la foto otra vez
photo-too-large = { $path } tiene más de { $mib } MiB
photo-smaller-hint = tómela con menos resolución; bastan 1,600 pixeles de lado largo
photo-foreign = { $path } no es una foto: sus primeros bytes son de otra cosa, diga lo que diga su nombre
photo-foreign-hint = se guardan JPEG, PNG y WebP
photo-too-many-pixels = { $path } tiene { $width } × { $height } pixeles, más de { $megapixels } millones
photo-damaged = { $path } no se puede leer como foto: { $detail }
photo-damaged-hint = tome la foto otra vez; la orden quedó como estaba
blob-here = en este equipo: { $count } ({ $kb } kB)
blob-to-send = por enviar: { $count } ({ $kb } kB)
blob-at-office = de las de aquí, la oficina ya tiene: { $count }
blob-missing-here = por enviar, y ya no están aquí: { $count }
blob-no-name = «{ $name }» no es el nombre de una foto
blob-no-name-hint = 64 dígitos hexadecimales, como los dice crew order show --json
blob-not-there = no hay tal foto para este equipo, ni aquí ni en la oficina
blob-not-there-hint = puede que no haya llegado, que sea de la orden de otra cuadrilla o que se haya borrado
blob-other-bytes = lo que mandó la oficina no es esa foto
blob-written = { $path }: { $kb } kB
blob-freed = { $count } copias borradas de aquí; la oficina las tiene
blob-erased = { $item } se borrará en todas partes
blob-no-reason = «{ $reason }» no es un motivo
blob-no-reason-hint = asked, bystander, mistaken u ordered
sync-photos-progress = fotos: { $sent } enviadas
sync-photos-ask = ¿Enviar ahora { $count } fotos ({ $kb } kB)?
sync-photos-sent = fotos: { $count } en la oficina ({ $kb } kB enviados)
sync-photo-refused = la foto { $name } no se recibió: { $why }
sync-photos-left = fotos todavía en este equipo: { $count }
count-photos =
    { $count ->
        [one] 1 foto
       *[other] { $count } fotos
    }
case-photo-not-here = este equipo no tiene copia
verify-photos = fotos y firmas: { $named } nombradas, { $received } en la oficina, { $erased } borradas, { $missing } faltan
sheet-voided = Anulado
sheet-decisions = Decisiones
sheet-history = Historia
sheet-when-claimed = cuándo (dicho)

## Conflicts

conflict-none = ningún dato tiene dos valores
conflict-how-to-settle = crew conflict resolve { $folio } { $field } --take N --reason MOTIVO
conflict-no-choice = falta --take o --value
conflict-no-choice-hint = vea los valores con crew conflict list
conflict-settled = decidido

## What is in review

quarantine-none = no hay nada en revisión
quarantine-none-dismissed = no se ha desechado nada de este equipo
quarantine-none-of-device = nada de ese equipo está en revisión
quarantine-released =
    { $count ->
        [one] 1 liberado
       *[other] { $count } liberados
    }
quarantine-written-again =
    { $count ->
        [one] 1 vuelto a escribir
       *[other] { $count } vueltos a escribir
    }
quarantine-dismissed =
    { $count ->
        [one] 1 desechado
       *[other] { $count } desechados
    }
quarantine-without-effect = sin efecto hoy, siguen en revisión: { $count }
history-brought-by = lo trajo { $device }
history-in-review = en revisión: { $reason }
history-undecided = nadie ha decidido todavía

## Keeping work on this device

saved-here = guardado en este equipo
store-tail = se apartó una escritura inconclusa ({ $bytes } bytes, nunca confirmada) en { $saved }; lo guardado sigue intacto
index-later = el índice se pondrá al día después ({ $error }); lo guardado sigue intacto
index-rebuilt-later = el índice se rehará después ({ $error }); lo guardado sigue intacto
index-rebuilding = se rehace el índice: { $reason }; no se perdió nada
index-progress = índice: { $applied } de { $last }

## Status of this device

status-work = trabajo
status-all-sent = todo enviado
status-unsent =
    { $count ->
        [one] 1 guardado en este equipo, sin enviar
       *[other] { $count } guardados en este equipo, sin enviar
    }
status-nothing = nada
status-last-answer = la oficina contestó
status-signed-since = nada nuevo desde
status-signed-long-ago = { $at }: compare su sello con el de otra persona (crew audit checkpoint --qr)
status-server-seq = registro hasta
status-records = fichas
status-carried = lleva de otros
status-dismissed = desechado
status-split = la oficina mostró dos historias: { $at }
status-warning = ¡atención!

## Exchanges with the office

sync-saved = enviado
sync-sent = la oficina acusó
sync-sent-of = { $confirmed }  (cuenta { $counts }, en revisión { $in_review })
sync-received = recibido
sync-freed =
    { $count ->
        [one] Se volvió a escribir un hecho que no depende de lo que está en revisión
       *[other] Se volvieron a escribir { $count } hechos que no dependen de lo que está en revisión
    }
sync-handed-back = devuelto a la oficina
sync-over-quota = La oficina ya no recibe más de este dispositivo por hoy. Lo que falta queda guardado aquí; vuelva a intentarlo mañana o avise a la administración.
sync-cosigned = sello atestiguado por este equipo, en { $path }
sync-not-handed-over = sin entregar, de { $device }
sync-differs = este equipo y la oficina no muestran lo mismo; no se perdió nada, avise a quien administra
sync-stuck = el intercambio no avanza: la oficina no toma lo que falta
sync-stuck-hint = avise a quien administra; { $kept }
sync-safe = no se perdió nada
sync-safe-all-sent = no se perdió nada: todo está enviado
sync-safe-unsent =
    { $count ->
        [one] no se perdió nada: queda 1 guardado sin enviar
       *[other] no se perdió nada: quedan { $count } guardados sin enviar
    }
sync-asked-to-wait = la oficina pide esperar { $seconds } s; se espera y se sigue, no se pierde nada
sync-progress = enviados { $up }, recibidos { $down }…
sync-renamed = otro equipo ya escribía con este nombre: esta carpeta es una copia y sigue con otro (letras { $letters }); lo que faltaba se volvió a escribir
sync-internal = falla interna del intercambio: { $detail }
sync-internal-hint = avise a quien administra; no se perdió nada
split = la oficina mostró otra historia: su registro de { $shown } hechos no continúa el de { $kept } que este equipo guardó firmado; { $place }
split-where = crew audit verify --from dice dónde se separan
split-hint = su trabajo está a salvo y se volvió a entregar; avise a la contraloría: los dos sellos quedan en este equipo (crew audit checkpoint --parted --out ARCHIVO)

## Devices

device-last-answer = la oficina lo oyó
device-last-entry = último hecho
device-assigned = tiene otros permisos
device-revoked-lost = dado de baja (extraviado)
device-revoked-stolen = dado de baja (robado)
device-revoked-retired = dado de baja (retirado)
device-continues = continúa a { $device }
device-clock = reloj { $minutes } min
device-successor-active = sigue activo otro equipo que continúa su trabajo; si también se perdió: crew device revoke { $device }
rekey-done = llave renovada: este equipo sigue con las letras { $letters }; el nombre anterior quedó dado de baja, recibidos { $read }
rekey-shared = este equipo se comparte con PIN: su llave está cifrada bajo cada uno; no se cambió nada
rekey-shared-hint = quite a las personas (crew person remove), renueve la llave y vuelva a agregarlas

## Enrolling and inviting

enrol-done = { $name } quedó dado de alta en { $municipality } como { $role }
enrol-ready = Listo: ya tiene las órdenes que le tocan
enrol-sync-next = Ahora: crew sync
enrol-municipality = Municipio
enrol-role = Función
enrol-crew = Cuadrilla
enrol-localities = Localidades
enrol-server-key = Llave
enrol-ask = ¿Dar de alta este dispositivo? [s/N]{" "}
enrol-declined = No se dio de alta: usted respondió que no
enrol-declined-hint = La invitación sigue sin usar. Si el municipio o la cuadrilla no son los suyos, avise a la administración.
invite-no-link = Con la dirección de este servidor no se puede hacer un enlace de invitación
invite-no-link-hint = Dé de alta este dispositivo con la dirección https:// del servidor, de a lo más 60 caracteres.
enrol-safe = no se perdió nada: repita la misma orden
enrol-bad-link = el enlace de invitación está incompleto
enrol-bad-link-hint = cópielo entero: https://DIRECCIÓN/#enrol= y 43 caracteres
enrol-no-code = falta el código
enrol-no-code-hint = crew enrol DIRECCIÓN CÓDIGO --name NOMBRE, o crew enrol ENLACE --name NOMBRE
invite-until = { $day } no es un día por venir
invite-until-hint = Escríbalo así: 2026-12-31. Un código dura un año a lo más.
invite-no-crew = un equipo de cuadrilla necesita su cuadrilla o una localidad: sin ellas no vería ninguna orden
invite-no-crew-hint = agregue --crew y su clave (hay: { $known }), o --locality y el lugar
cancel-no-reason = para cancelar una orden hay que decir por qué
cancel-ask = ¿Por qué se cancela?
cancel-no-reason-hint = agregue --reason "por qué"; la cuadrilla y la auditoría lo verán
invite-usable = ya se puede usar
invite-usable-after-sync = servirá después del próximo «crew sync»
invite-expires = vence
qr-too-long = no cabe en un QR: { $error }
qr-too-long-hint = copie el enlace

## Bundles and imports

bundle-not-sent-yet = Nada cuenta como enviado hasta que vuelva el acuse de la oficina.
import-running = importando…
import-count = cuántos
import-assets = activos
import-crews = cuadrillas
import-localities = localidades
import-materials = materiales
import-orders = órdenes
import-people = personas
import-plans = programas
import-updated = actualizados
import-unchanged = sin cambio
import-not-utf8 = no es UTF-8 desde el byte { $byte }
import-bad-file = { $path }: { $detail }; no se importó nada
import-bad-file-at = { $path }, línea { $line }, columna { $column }: { $detail }; no se importó nada
import-bad-file-hint = se permite: municipality, version, about, localities, crews, people, assets, materials, orders, plans; vea schemas/import.schema.json
order-asset-elsewhere = el activo «{ $asset }» está en { $locality }, y la orden es de otra localidad; se anotó así
order-material-unknown = ningún material se llama «{ $sku }»; se anotó así. Hay: { $known }
order-material-no-catalog = el catálogo no tiene materiales; «{ $sku }» se anotó así
import-differing = distintos
import-differs = { $place } ({ $name }): el archivo no dice lo mismo de: { $what }; se dejó como estaba
import-differs-more = y { $count } más; todos con --json
rules-refused = { $file }, línea { $line }, columna { $column }: { $problem }. { $todo }
rules-too-many = hay más de { $max } archivos de reglas
rules-too-long = tiene { $bytes } bytes; se permiten { $max }
rules-form-todo = Corrija el archivo; sigue en vigor la regla anterior.
rules-value-todo = Escríbalo como dice el esquema (schemas/README.md).
rules-other-name = el archivo se llama { $file } y su tipo { $kind }
rules-other-name-todo = Ponga en los dos el mismo nombre.
rules-above = { $min } está por encima de { $max }
rules-day = «{ $day }» no es un día del calendario
rules-overlap = se enciman los periodos de dos límites
rules-bounds-todo = Corrija los límites.
rules-unknown = no existe «{ $key }»
rules-missing = falta «{ $key }»
rules-unknown-todo = Quítelo o dígalo bien; lo nuevo de measures.json o steps.json va primero allá.
rules-taken = «{ $word }» ya es nombre de { $other }
rules-reserved = «{ $word }» ya es nombre de algo que toda orden tiene
rules-taken-todo = Escoja otra palabra.
rules-version = la versión es { $found }, y está en vigor la { $in_force }
rules-version-todo = Suba «version» a { $version }.
rules-type = «{ $key }» es de otro tipo que en la regla en vigor
rules-unit = «{ $key }» tiene otra unidad, y la guardan { $count } órdenes
rules-type-todo = Deje «{ $key }» como está y agregue lo nuevo con otra clave.
rules-gone = ya no está «{ $key }», y lo guardan { $count } órdenes
rules-gone-todo = Vuelva a poner «{ $key }»; puede dejar de ser obligatorio y cambiar de nombre en pantalla.
rules-stricter = «{ $key }» ya no permitiría «{ $value }», y hay una orden que lo guarda
rules-stricter-todo = Permita lo que ya se guardó, o deje «{ $key }» y agregue lo nuevo con otra clave.
rules-good = { $count ->
    [one] { $count } archivo se publicaría
   *[other] { $count } archivos se publicarían
 }
rules-bad = { $count ->
    [one] { $count } falla en las reglas
   *[other] { $count } fallas en las reglas
 }
rules-bad-hint = las reglas en vigor siguen; corrija los archivos y revise otra vez
import-at = { $place } { $problem }
import-source-twice = «{ $key }» está dos veces
import-source-json = no se puede leer como JSON: «{ $detail }»
import-source-yaml = no se puede leer como YAML: «{ $detail }»
import-source-key = una clave debe ser un texto
import-source-tag = aquí no se leen etiquetas (!)
import-source-alias = este alias no nombra nada que esté antes
import-source-second = el archivo tiene un segundo documento
import-source-many = el archivo tiene demasiados valores
import-source-deep = hay valores demasiado anidados
import-same-key = tiene la clave «{ $key }», igual que { $other }
import-same-name = se llama «{ $name }», igual que { $other }, y no tiene clave propia
import-no-key = se llama «{ $name }», y de ese nombre no sale una clave
import-known = tendría la clave «{ $key }»; ya se conoce { $held }
import-other-municipality = es { $found }; este equipo es de { $own }
import-keys-hint = dé a cada uno su propia clave (key), o escriba el nombre o la clave como ya se conocen
wrong-type = es { $found }; se espera { $expected }
wrong-not-one-of = es «{ $found }»; se espera uno de: { $expected }
wrong-too-many = tiene { $found } { $unit }; se permiten a lo más { $max }
wrong-too-few = tiene { $found } { $unit }; se necesitan al menos { $min }
wrong-not-a-day = «{ $found }» no es un día del calendario, como 2026-11-28
wrong-pattern = «{ $found }» no tiene la forma { $pattern }
wrong-range = es { $found }; debe estar entre { $min } y { $max }
wrong-required = falta { $key }
wrong-unknown = tiene «{ $key }», que aquí no existe; hay: { $known }
wrong-key = tiene «{ $key }»; ese nombre { $problem }
wrong-repeated = tiene { $found } dos veces
wrong-several-forms = tiene cosas que se excluyen
wrong-not-allowed = no va junto con lo demás
wrong-unit-characters = caracteres
wrong-unit-elements = elementos
wrong-unit-members = miembros
wrong-type-null = vacío
wrong-type-boolean = sí o no
wrong-type-integer = un entero
wrong-type-number = un número
wrong-type-string = un texto
wrong-type-array = una lista
wrong-type-object = un objeto
wrong-or = { $one } o { $other }

## Persons who share a device

person-added = { $name } ya puede usar este equipo con su PIN; la llave está cifrada
person-working = trabaja { $name }
person-removed = quitada; una copia vieja de la carpeta aún abre con su PIN
person-locked = bloqueado: crew person use NOMBRE
person-none = nadie: el equipo firma con su nombre
person-unknown = no hay ninguna persona «{ $name }» en este equipo
person-unknown-hint = hay: { $there }; crew person add NOMBRE agrega otra
person-exists = ya hay una persona «{ $name }»
person-exists-hint = use otro nombre, o agregue el apellido
person-too-many = ya hay { $count } personas en este equipo
person-too-many-hint = quite una con crew person remove NOMBRE
person-bad-name = eso no es un nombre
person-bad-name-hint = use de 1 a { $bytes } bytes
person-no-vault = la llave no se pudo cifrar: { $error }; no se cambió nada
people-damaged = { $path } no es la lista de nombres que debería ser
people-damaged-hint = quite { $path } de su lugar: el próximo intercambio trae otra vez los nombres; el trabajo no se toca
person-bad-vault = { $path } está dañado
person-bad-vault-hint = otra persona del equipo puede abrirlo con su PIN; si nadie puede, délo de alta en otra carpeta (--home)
person-pin-of = PIN de { $name }
person-pin-of-any = PIN de una persona que ya está
person-pin-of-or = PIN de { $name }, o de quien trabaja
person-wrong-pin = el PIN no es correcto
person-wrong-pin-hint = no se perdió nada; pruebe otra vez, o crew person use NOMBRE con otra persona
person-wrong-pin-wait = no se perdió nada; espere { $wait_s } s antes de probar otra vez
person-pin-wait = hubo varios PIN incorrectos seguidos
person-pin-wait-hint = espere { $seconds } s; no se perdió nada
pin-new = PIN nuevo de { $name }
pin-once-more = otra vez
pin-differ = los dos PIN no son iguales
pin-empty = el PIN está vacío
pin-empty-hint = escríbalo, o póngalo en { $variable }
pin-length = el PIN debe tener de { $min } a { $max } caracteres
pin-length-hint = seis cifras resisten a quien prueba en el teléfono; una frase, también a quien copia la memoria
pin-needed = hace falta el PIN: la llave de este equipo está cifrada
pin-needed-hint = repita en una terminal, o dé el PIN en la variable { $variable } o con --pin-file

## Trouble on this device

error-not-enrolled = este equipo no está dado de alta ({ $home })
error-not-enrolled-hint = pida un código a quien administra y ejecute: crew enrol URL CÓDIGO --name NOMBRE
error-disk-full = no hay espacio en { $path }: no se guardó nada
error-disk-full-hint = libere espacio y repita; lo guardado antes sigue intacto
error-read-only = { $path } es de solo lectura: no se guardó nada
error-read-only-hint = las consultas funcionan así; para escribir, cambie los permisos o use --home con otra carpeta
error-not-allowed = no se permite leer o escribir { $path }
error-not-allowed-hint = revise los permisos o elija otro lugar
error-file-missing = no existe { $path }
error-file-missing-hint = revise el nombre del archivo
error-not-a-file = { $path } no es un archivo, sino un enlace, una carpeta, una tubería o un dispositivo: no se tocó
error-not-a-file-hint = nombre un archivo, nuevo o que ya exista
error-file = no se pudo usar { $path }: { $error }
error-file-hint = revise el disco e intente de nuevo
error-too-large = demasiado grande: { $bytes } bytes, de a lo más { $max }; no se guardó nada
error-too-large-hint = divídalo en partes
error-store = falló el almacén: «{ $error }»
error-store-hint = repita; si vuelve a fallar, borre la carpeta «index» del almacén: se rehace sola y no se pierde nada
error-busy = otro proceso está usando el almacén: no se guardó nada
error-busy-process = el proceso { $pid } está usando el almacén: no se guardó nada
error-busy-hint = espere a que termine y repita
error-corrupt = el diario de este equipo está dañado: { $what }
error-corrupt-hint = no lo borre: copie la carpeta completa y pida ayuda; para seguir, dé de alta otra carpeta (--home)
error-corrupt-at = registro { $seq }, en { $path }, byte { $offset }
error-no-store = { $path } no es un almacén
error-unfit-file-system = el sistema de archivos de { $path } no ofrece candados o no confirma lo que guarda: no se guardó nada
error-unfit-file-system-hint = ponga la carpeta (--home) en un disco local, no en una unidad de red o compartida
index-did-not-open = no abre («{ $detail }»)
index-other-format = tiene otro formato
index-of-another = no es de este diario
index-asked-for = así se pidió
system-said = «{ $detail }»
system-no-address = no es una dirección de este equipo
system-not-found = no existe
system-not-allowed = no se permite
system-exists = ya existe
system-folder = es una carpeta
system-no-folder = no es una carpeta
system-not-empty = la carpeta no está vacía
system-full = no hay espacio
system-read-only = es de solo lectura
system-bad-name = el nombre no sirve
system-busy = está en uso
system-too-slow = no terminó a tiempo
system-cut = se cortó
system-code = error { $code } del sistema
system-unknown = el sistema no dice por qué
error-newer-format = el almacén es del formato { $found }; este programa conoce hasta el { $known }; no se cambió nada
error-newer-format-hint = actualice crew
error-unconfirmed = el disco no confirmó la escritura en { $path }, no la dé por guardada: { $why }
error-unconfirmed-hint = mire con «crew audit log» si quedó, y revise el disco antes de repetir
files-too-large = { $path } tiene más de { $mib } MiB
files-too-large-hint = divida el archivo
home-unknown = no se sabe en qué carpeta guardar
home-unknown-hint = use --home CARPETA o defina { $variable }
home-sync-running = ya hay un intercambio con la oficina en curso
home-sync-running-hint = espere a que termine; no se perdió nada
home-no-certificate = { $path } no contiene ningún certificado PEM
home-no-certificate-hint = pida a quien administra el archivo de su autoridad certificadora (empieza con -----BEGIN CERTIFICATE-----)
home-no-key = { $path } no contiene una llave
home-no-key-hint = restaure ese archivo de una copia, o dé de alta otra carpeta (--home)
clock-unknown-zone = no hay una zona horaria «{ $zone }» (TZ): las horas se dicen en UTC
clock-not-time = { $variable } no es una hora: «{ $text }»
clock-not-time-hint = escriba 2026-11-21T03:36:47Z
clock-no-randomness = el sistema no da números al azar: { $error }
clock-no-randomness-hint = reinicie el equipo
output-warning = aviso
output-not-written = no se pudo escribir la respuesta: { $error }
output-not-written-hint = Lo que se guardó está guardado. Libere espacio o elija otro destino, y repita la consulta.
output-no-json = el resultado no cabe en JSON: { $error }
output-no-json-hint = repita sin --json

## Trouble with the network; { $kept } says what became of the work

http-readable = por { $url } viajaría todo a la vista de cualquiera
http-readable-hint = use la dirección https:// del servidor; http:// es solo para esta misma máquina
http-bad-url = no es una dirección: { $url }
http-bad-url-hint = escríbala así: https://servidor.example:8443
http-no-connection = sin conexión con la oficina ({ $detail })
http-timed-out = la oficina no contestó a tiempo
http-cut = la conexión se cortó a media respuesta: no se sabe si la oficina lo recibió
http-portal = contestó una página web y no la oficina (HTTP { $status }): la red pide iniciar sesión
http-portal-hint = abra el navegador, acepte o inicie sesión en esa red y repita; { $kept }
http-not-cuadrilla = lo que contestó no es un servidor de Cuadrilla
http-missing = el servidor no tiene { $path }
http-too-large = la respuesta es más grande de lo posible
http-not-passed = lo que está entre este equipo y el servidor no deja pasar un mensaje de este tamaño (HTTP 413)
http-not-passed-hint = pida a quien administra que el proxy deje pasar 8 MiB (docs/OPERATING.md, «TLS»); con --poor-link los mensajes son más pequeños; { $kept }
http-moved = el servidor pide usar otra dirección: { $to }
link-refused = nadie contesta en esa dirección
link-no-such-name = no se encontró ese nombre
link-no-network = no hay red
link-other = falló la red
tls-time = el certificado del servidor no vale en la fecha de este equipo, { $today }
tls-time-hint = si esa fecha está mal, corrija el reloj y repita; si está bien, quien administra debe renovar el certificado; { $kept }
tls-name = el certificado del servidor es de otro nombre
tls-name-hint = escriba la dirección con el nombre que dice el certificado; { $kept }
tls-issuer = ninguna autoridad que este equipo conozca respalda el certificado del servidor
tls-issuer-hint = dé de alta con --ca ARCHIVO: el certificado de la autoridad que firmó el del servidor, o el mismo del servidor si se firmó solo; si no lo tiene, pídalo a quien administra o revise la dirección; { $kept }
tls-authority = el servidor presenta como suyo el certificado de una autoridad (CA:TRUE)
tls-authority-hint = quien administra debe hacer otro con CA:FALSE y el nombre del servidor (docs/OPERATING.md, «TLS»), o uno del servidor firmado por esa autoridad; --ca lleva el que se firmó solo o el de la autoridad; { $kept }
tls-no-authority = no se lee el certificado de la autoridad de este equipo
tls-other = no hay conexión segura con el servidor
http-other-server-hint = revise la dirección con quien administra, o cambie de red; { $kept }
http-unavailable = la oficina no puede atender ahora (HTTP { $status })
http-unavailable-hint = repita en unos minutos; si sigue igual, avise a quien administra; { $kept }
http-garbled = la respuesta llegó ilegible
http-link-hint = repita cuando haya mejor señal; { $kept }
http-refused = la oficina no lo aceptó: { $why }
http-refused-hint = { $hint }; { $kept }
refusal-bad-signature = la firma no corresponde a la llave de este equipo
refusal-unknown-device = no conoce este equipo
refusal-revoked = este equipo fue dado de baja
refusal-code-unknown = el código no existe
refusal-code-used = el código ya se usó
refusal-code-expired = el código venció
refusal-device-taken = ya hay un equipo con esta clave
refusal-device-key = el servidor no acepta la clave de este equipo
refusal-other-municipality = es de otro municipio
refusal-other-server = esto se hizo para un servidor con otra llave: puede haber otra máquina en el camino
refusal-replayed = ese intento ya se había contestado
refusal-gap = le faltan hechos anteriores de este equipo
refusal-unknown-reference = no conoce algo en lo que esto se apoya
refusal-bad-chain = los hechos no forman una cadena
refusal-no-predecessor = no conoce el equipo que este continúa
refusal-predecessor-revoked = el equipo que este continúa fue dado de baja
refusal-too-many-successors = ese equipo ya se continuó demasiadas veces
refusal-unknown-version = el servidor es de otra versión
refusal-malformed = el mensaje no se entiende
refusal-too-large = el mensaje es demasiado grande
refusal-too-many = hubo demasiados intentos de alta
refusal-budget = este equipo pidió más trabajo del que le toca por ahora
refusal-too-many-reads = desde esta dirección se leyó más de la bitácora de lo que toca por ahora
refusal-device-busy = este equipo ya tiene varios envíos en curso
refusal-streams = este equipo abrió demasiados avisos
refusal-ticket = el pase para recibir avisos no sirve o ya venció
refusal-busy = la oficina tiene mucho que hacer ahora
refusal-stopping = el servidor se está apagando
refusal-not-durable = el disco de la oficina falla y no guarda
refusal-disk-full = el servidor no tiene espacio
refusal-internal = el servidor tuvo un problema
refusal-hint-new-code = pida un código nuevo a quien administra
refusal-hint-check-code = revise el código letra por letra, o pida otro a quien administra
refusal-hint-enrol = dé de alta el equipo con un código nuevo
refusal-hint-address = revise la dirección del servidor
refusal-hint-send-again = repita: el equipo reenvía lo que le falta a la oficina
refusal-hint-later = repita más tarde
refusal-hint-update = pida a quien administra que actualice el servidor
refusal-hint-tell = avise a quien administra

## What the rules do not allow

replica-not-enrolled = este equipo no está dado de alta
replica-no-person = no se ha elegido quién trabaja: este equipo se comparte; no se guardó nada
replica-no-person-hint = elija quién trabaja: crew person use NOMBRE; crew person list dice quiénes hay
replica-no-post = una firma necesita el cargo de quien firmó
replica-no-post-hint = agregue --post, p. ej. --post "Comisariado ejidal": un cargo, nunca un nombre
replica-not-a-photo = { $item } no es una foto
replica-not-a-photo-hint = vea los números de sus fotos con crew order show
replica-already-enrolled = este equipo ya está dado de alta como { $name }
replica-already-enrolled-hint = use otra carpeta (--home) para dar de alta un segundo equipo
replica-unknown = no hay { $what } «{ $word }»
replica-unknown-among = no hay { $what } «{ $word }» (hay: { $known })
replica-unknown-hint = revise cómo se escribe, o ejecute crew sync para traer lo publicado
replica-unknown-order-hint = vea crew order list; una orden de otra cuadrilla no está en este equipo
replica-ambiguous = «{ $word }» puede ser varias cosas: { $matches }
replica-ambiguous-hint = nómbrela por su clave, o escriba más del folio
replica-single-device-hint = nombre el equipo por sus letras o por cómo empieza su clave (crew device list)
replica-value = { $what }: { $problem }
replica-date-hint = escriba la fecha como 2026-11-28: año, mes y día
replica-number-hint = escriba un número, con punto para los decimales, por ejemplo 2.5
replica-positive-hint = escriba una cantidad mayor que 0, por ejemplo 2.5
replica-whole-hint = escriba un número entero, sin punto ni coma, por ejemplo 2
replica-scale-hint = redondee a { $digits } decimales
replica-unit-hint = repita con una unidad que se acepte: { $units }
replica-range-hint = revise el punto decimal y la unidad: debe { $extent } { $unit }
replica-choice-hint = escriba una de las opciones: { $choices }
replica-yes-or-no-hint = escriba sí o no
replica-type-hint = vea cómo se escribe ese dato en otra orden: crew order show FOLIO
replica-length = { $what } tiene { $found } caracteres; se permiten de 1 a { $max }
replica-length-hint = acórtelo, o divídalo en dos
replica-missing = { $folio } aún no se puede terminar: falta { $missing }
replica-voided = { $folio }: { $item } se anuló y ya no cuenta
replica-voided-hint = anótelo otra vez, como nuevo
replica-not-corrected = eso no se corrige así
replica-not-corrected-hint = una foto solo se anula (--void); una nota se corrige sin unidad
replica-in-conflict = { $folio }: «{ $field }» tiene valores distintos y espera una decisión
replica-in-conflict-hint = decide el despacho, con motivo: crew conflict list, y luego crew conflict resolve { $folio } { $field } --take N --reason «…»; anotar y medir sí se puede
replica-step = { $folio } está en «{ $state }»: desde ahí no se puede «{ $step }»
replica-step-hint = ahora se puede: { $possible }
replica-no-step-hint = este papel no puede dar ningún paso
replica-role = el papel { $role } no puede { $what }
replica-role-hint = pregunte al despacho; no se perdió nada
replica-role-hint-admin = lo hace la administración: pídaselo a quien administra; no se perdió nada
replica-role-hint-supervisor = lo decide la supervisión: pídaselo; no se perdió nada
replica-refused = no se permite: { $reason }
replica-revoked-hint = no se perdió nada: lo enviado espera a la supervisión; pida un código nuevo y dé de alta el equipo
replica-out-of-scope-hint = la orden es de otra cuadrilla: pregunte al despacho
replica-no-such-value = { $field } de { $folio } no tiene un valor número { $number }; tiene { $count }
replica-no-conflict = { $field } de { $folio } tiene un solo valor
replica-no-conflict-hint = vea crew conflict list
replica-import = el archivo no sirve en { $place }: { $problem }; no se importó nada
replica-import-hint = corrija el archivo e impórtelo de nuevo
replica-not-releasable = el hecho { $seq } no es trabajo en una orden: no se puede liberar
replica-not-releasable-hint = deséchelo, y hágalo otra vez desde un equipo que pueda
replica-ground-in-review = el hecho { $seq } se apoya en el { $on }, que sigue en revisión
replica-ground-in-review-hint = libere los dos: crew quarantine release { $on } …, o deseche primero el { $on }
replica-some-ground-in-review = el hecho { $seq } se apoya en otro que sigue en revisión
replica-some-ground-in-review-hint = ejecute crew sync y mire otra vez crew quarantine list
replica-bundle = el archivo no se puede usar: { $detail }
replica-bundle-hint = no se tomó nada; copie el archivo otra vez desde su equipo
replica-foreign = lo que contestó no es el servidor de este municipio: { $detail }
replica-foreign-hint = no se perdió nada; si la red pide iniciar sesión, hágalo y repita
replica-forged = la respuesta no está firmada por el servidor de confianza: { $detail }
replica-forged-hint = no confíe en esta red; no se tomó nada y no se perdió nada
replica-out-of-step = la respuesta habla de algo desconocido aquí: { $detail }
replica-out-of-step-hint = no se perdió nada; repita crew sync y, si sigue igual, avise a quien administra
replica-behind = la oficina conoce el hecho { $theirs } de este equipo, pero aquí solo hay { $ours }
replica-behind-hint = esta carpeta es una copia vieja: ejecute crew sync, sigue con otro nombre y no se pierde nada
replica-limit = excede un límite: { $detail }
replica-limit-hint = no se guardó nada; divida el trabajo en pasos más pequeños
replica-rules = no se entiende una regla: { $detail }
replica-rules-hint = avise a quien administra
replica-index = no se lee el índice: { $detail }
replica-index-hint = borre la carpeta store/index de este equipo: se rehace del diario y no se pierde nada
thing-order = una orden
thing-kind = un tipo de trabajo
thing-locality = una localidad
thing-crew = una cuadrilla
thing-asset = un activo
thing-material = un material
thing-measure = una medición
thing-field = un dato
thing-step = un paso
thing-state = un estado
thing-record = un registro
thing-item = un renglón con el número
thing-priority = una prioridad
thing-plan = un programa
thing-check = un punto de la lista
thing-device = un equipo
thing-entry-in-review = en revisión un hecho
thing-the-note = la nota
thing-the-title = el título
thing-the-reason = el motivo
thing-the-description = la descripción
thing-the-name = el nombre
value-not-yes-or-no = «{ $text }» no es sí o no
value-not-whole = «{ $text }» no es un número entero
value-not-date = «{ $text }» no es una fecha (AAAA-MM-DD)
value-other-type = «{ $text }» no es del tipo del dato
value-too-fine = { $text } tiene más de { $digits } decimales
value-impossible = { $value } es imposible: debe { $extent }
value-between = estar entre { $min } y { $max }
value-at-least = ser al menos { $min }
value-at-most = ser a lo más { $max }
value-not-positive = «{ $text }» no es una cantidad
value-too-long = tiene { $found } caracteres; se permiten { $max }
value-no-choice = «{ $value }» no está entre las opciones
value-other-unit = se mide en { $expected }, no en { $found }
value-comma = los decimales van después de un punto, no de una coma: «{ $text }»
value-not-number = no es un número: «{ $text }»
value-too-many-digits = tiene demasiadas cifras: «{ $text }»

## How a command is written

usage-missing = falta { $arg }
usage-unknown = no se conoce { $arg }
usage-unknown-command = no hay una orden { $word }
usage-no-command = falta decir qué hacer
usage-no-value = falta el valor de { $arg }
usage-bad-value = { $value } no vale para { $arg }
usage-surplus = sobra { $value }
usage-wrong-number = faltan o sobran valores de { $arg }
usage-twice = { $arg } se dio más de una vez
usage-conflict = { $arg } no va junto con { $other }
usage-unreadable = hay letras ilegibles
usage-possible = se puede: { $valid }
usage-suggestion = ¿quiso decir { $near }?
usage-see-help = agregue --help para ver cómo se usa
help-examples = Ejemplos

## Audit: moments, differences

moment-not-time = «{ $text }» no es una hora
moment-not-time-hint = escriba 2026-11-21T18:00:00Z, 2026-11-21T12:00:00-06:00 o 2026-11-21
moment-number-claimed = con --claimed van horas, no números del registro
moment-number-claimed-hint = escriba dos horas o quite --claimed
moment-reversed = { $to } es antes que { $from }
moment-reversed-hint = escriba primero el momento anterior
diff-as-claimed = según lo que dijo cada equipo
diff-nothing = nada cambió entre esos momentos

## Audit: checkpoints, witnesses, proofs

checkpoint-kept = sello de { $entries } hechos guardado en { $shown }
checkpoint-both-kept = el sello que se tenía está en { $kept }, el que se mostró en { $shown }
checkpoint-no-split = la oficina no ha mostrado dos historias a este equipo
checkpoint-no-split-hint = no hace falta nada
checkpoint-none = este equipo no tiene un sello de ese registro: { $detail }
checkpoint-none-hint = ejecute crew sync, o use --from URL
checkpoint-short = para leerlo en voz alta: { $short }
compare-same = los dos sellos son el mismo, de { $entries } hechos
compare-ahead = el otro sello, de { $theirs } hechos, continúa el de este equipo, de { $own }
compare-behind = el sello de este equipo, de { $own } hechos, continúa el otro, de { $theirs }
compare-other-size = este equipo no ha visto el registro con { $size } hechos, y la forma corta no basta para compararlo
compare-other-size-hint = ejecuten los dos crew sync y repitan, o compare el sello completo (QR o archivo)
compare-no-checkpoint = eso no es un sello
compare-no-checkpoint-hint = escanee el QR de crew audit checkpoint --qr, dé el archivo, o escriba la forma corta
compare-parted = los sellos de { $size } hechos no son el mismo registro: la oficina mostró historias distintas, o se tecleó mal
compare-parted-hint = repita con el sello completo; si sigue igual, guarden los dos sellos y avisen a la contraloría
cosign-done = { $name } atestigua el registro de { $entries } hechos, en { $shown }
    llave para comprobarlo: { $key }
cosign-refused = no se firma: este testigo ya firmó { $old } hechos y este sello de { $new } no los continúa
cosign-needs-log = para comprobar que continúa lo ya firmado hace falta el registro
cosign-needs-log-hint = agregue --from URL (el servidor o una copia)
cosign-key-exists = { $shown } ya existe
cosign-key-exists-hint = quite --new-key, o nombre otro archivo
cosign-bad-name = ese nombre no sirve: { $detail }
cosign-bad-name-hint = escriba algo como contraloria.example/testigo
cosign-bad-key = { $path }: { $detail }
cosign-bad-key-hint = restaure ese archivo de una copia, o haga otra llave con --new-key
cosign-bad-state = { $path } no se entiende: no se firma sin saber qué se firmó antes
cosign-bad-state-hint = restaure ese archivo de una copia; sin él, empiece con una llave nueva
log-no-key = no se sabe con qué llave revisar el registro
log-no-key-hint = dé la llave con --log-verifier; la imprimen `cuadrilla-server init` y la página del servidor, y conviene tenerla por otro medio
log-bad-checkpoint = el sello no es de este registro: { $detail }
log-bad-checkpoint-hint = compare la llave (--log-verifier) con la que le dieron por otro medio
log-tile-missing = el servidor firmó un registro del que no entrega { $path }
log-tile-missing-hint = repita; si sigue igual, guarde el sello y avise: lo firmado debe poder leerse
log-forged = lo que el servidor entrega del registro no es lo que firmó
log-forged-hint = guarde el sello que firmó (crew audit checkpoint --from URL) y repita desde otra red
log-unread = no se pudo leer el registro: { $error }
log-unread-hint = repita, o revise con --data una copia del registro
log-safe = no se cambió nada aquí
log-split-hint = guarde los dos sellos: juntos prueban que el registro se reescribió; avise a la contraloría y no borre nada
receipt-made = comprobante de { $folio }: { $changes } cambios, con prueba en el registro de { $entries } hechos, en { $shown }
receipt-log-split = el registro del servidor no continúa ese sello de { $size } hechos
receipt-no-order = no hay una orden { $folio } en ese registro
receipt-no-order-hint = revise el folio
receipt-not-everything = este equipo no ve todo el registro, y un comprobante necesita la cadena completa de cada autor
receipt-not-everything-hint = pídalo a despacho o a la contraloría, o use --data con una copia del registro
receipt-not-in-log = esa orden aún no está en el registro
receipt-not-in-log-hint = ejecute crew sync y repita
receipt-chain-missing = este equipo no tiene la cadena completa de un autor, el equipo { $device }
receipt-chain-missing-hint = ejecute crew sync y repita, o use --data con una copia del registro
receipt-other-log = lo que este equipo conoce no es lo que el registro tiene: { $detail }
receipt-other-log-hint = ejecute crew audit verify --from URL: dice desde qué número
receipt-holds = { $folio }: { $changes } cambios, cada uno firmado por su autor y en el registro de { $entries } hechos
receipt-fails = el comprobante no prueba nada: { $error }
receipt-fails-hint = pida otro a quien se lo dio, y compare la llave (--log-verifier) con la que le dieron por otro medio
verify-no-ledger = no hay un registro en { $path }
verify-no-ledger-hint = nombre la carpeta de datos del servidor, la que contiene «ledger»
verify-ledger-fails = el n.º { $seq } del registro no se sostiene: { $detail }
verify-ledger-fails-hint = no borre nada: copie la carpeta completa y avise a la contraloría
verify-journal-holds = el diario está íntegro: { $entries } hechos, { $own_entries } de este equipo en una sola cadena, { $checkpoints } sellos de la oficina, firmados y en orden
verify-journal-fails = el renglón { $number } del diario no se sostiene: { $detail }
verify-journal-fails-hint = no borre nada: copie la carpeta completa y avise a quien administra
verify-split-at = las historias se separan en el n.º { $from }
verify-split-between = las historias se separan entre el n.º { $from } y el { $to }
verify-nothing-to-compare = falta decir con qué se compara el sello guardado
verify-nothing-to-compare-hint = agregue --from URL (el servidor o una copia) o --data CARPETA (el registro)
verify-no-cosignature = el sello guardado no lleva la firma del testigo { $name }: { $detail }
verify-no-cosignature-hint = pida el sello a quien atestigua, o revise la llave que dio con --witness
verify-cosignature-old = la firma del testigo { $name } tiene { $days } días; se admiten { $max }
verify-cosignature-old-hint = pida al testigo un sello nuevo; si no lo consigue, pregunte por qué el registro no avanza
verify-log-extends = el registro de { $entries } hechos continúa el sello guardado de { $size }
verify-log-holds = el registro de { $entries } hechos se sostiene
verify-log-as-seen = { $holds }, y los { $seen } sellos que vio este equipo; los { $known } hechos que conoce están en su lugar
verify-doubts = { $count } hechos dicen haber visto otra historia de este registro; el primero es el { $first }
verify-times = { $count } constancias tienen una hora anterior a lo que su hecho ya había visto: el reloj del servidor retrocedió o alguien cambió horas; la primera es la { $first }
verify-early = { $count } hechos de { $devices } equipos se hicieron, según sus relojes, antes de llegar lo que ya habían visto: un reloj mal, o si son varios equipos, horas cambiadas en el servidor
verify-log-shorter = el registro tiene { $entries } hechos y ya había tenido { $was }: faltan; { $place }
verify-log-split = el registro de { $entries } hechos no continúa el de { $was } que ya se había visto; { $place }

## The case file (expediente)

case-title = Expediente { $folio }
case-kicker = Expediente de orden de trabajo
case-folio = Folio
case-order-title = Título
case-status = Estado
case-kind = Tipo de trabajo
case-locality = Localidad
case-crew = Cuadrilla
case-asset = Activo
case-priority = Prioridad
case-due = Fecha límite
case-plan = Programa
case-made = Elaborado
case-up-to = Registro hasta
case-zone = Horas en
case-record = Ficha interna
case-description = Descripción
case-field = Dato
case-value = Valor
case-where = Dónde
case-who = Quién
case-what = Qué
case-when = Cuándo, por cada reloj
case-claimed = Hora dicha
case-received = Recibido
case-material = Material
case-quantity = Cantidad
case-note = Nota
case-ticked = ☑ sí
case-not-ticked = ☐ no
case-saved = Guardado: solo está en este equipo.
case-in-review = En revisión:
case-released = Liberado
case-dismissed = Desechado
case-restarted = equipo reiniciado
case-clock-jumped = el reloj saltó { $by }
case-skew = desfase { $seconds } s
case-differences = Datos con dos valores y decisiones
case-not-settled = Sin decidir
case-stands = Queda «{ $value }»
case-devices = Personas y equipos
case-device = Equipo
case-role = Papel
case-people = Personas
case-entries = Hechos
case-enrolled = Alta
case-revoked = Baja
case-carried = llevó { $count }
case-proof = Prueba
case-proof-how = Cada hecho tiene una huella que depende de su contenido y del hecho anterior del mismo equipo. El registro de la oficina las reúne en un árbol cuya raíz va firmada en el sello. Con un sello se puede comprobar que nada se quitó, se movió ni se cambió: crew audit verify y docs/AUDIT.md, o cualquier programa que lea sellos C2SP (tlog-checkpoint).
case-device-number = Equipo y su número
case-hash = Huella
case-log-key = Llave del registro
case-checkpoint = El sello más nuevo que tiene este equipo
case-no-checkpoint = Este equipo todavía no tiene un sello.
case-not-provable = Lo que no se puede probar
case-foot = Elaborado el { $at } por { $by } en el equipo { $device }, con el registro hasta el n.º { $seq }.
case-wrote = escrito { $path }
case-how-to-print = para imprimir: --html ARCHIVO; tabla: --csv ARCHIVO

## Help of the commands: a command, and its arguments as attributes. Arguments that mean the same in several commands stand in help-common.

help-usage = Uso
help-heading-commands = Órdenes
help-heading-forms = Formas
help-heading-arguments = Datos
help-heading-options = Opciones
help-value-command = ORDEN
help-value-options = [OPCIONES]
help-common =
    .carried = De ese equipo, solo lo que otro ya había recogido y respalda
    .device = Todo lo que está en revisión de este equipo
    .file = El archivo
    .folio = Folio de la orden
    .ids = Lo que está en revisión, por el número de la lista
    .localities = Localidad donde trabaja; se puede repetir
    .log_verifier = Llave del registro (si falta, la que este equipo fijó al darse de alta)
    .name = El nombre de la persona
    .no_sync = No avisar a la oficina de inmediato
    .order = Solo esta orden, por folio
    .out = Escribirlo en este archivo (si falta, en la pantalla)
    .reason = Por qué
    .role = Papel: crew (cuadrilla), dispatcher (despacho), supervisor, auditor (contraloría), admin
help-crew = Órdenes de trabajo de las cuadrillas municipales, con señal o sin ella.
    .home = Carpeta de este equipo (si no, CUADRILLA_HOME o la de datos del sistema)
    .json = Un solo valor JSON en la salida, nada más
    .pin_file = Archivo con el PIN de la persona (si no, CREW_PIN, o se pregunta)
    .lang = Idioma: es, en
    .help = Esta ayuda
    .version = Versión de este programa
    .examples =
        crew enrol https://cuadrilla.example K7QM-2XWD-9RTF --name "Cuadrilla 7"
        crew order list
        crew start MZQ-26-K7-0012
        crew measure MZQ-26-K7-0012 cloro 0.80 mg/L
        crew note MZQ-26-K7-0012 "Se cambió la válvula"
        crew finish MZQ-26-K7-0012
        crew sync
help-enrol = Da de alta este equipo con un código de un solo uso
    .yes = No preguntar si el municipio, la función y la cuadrilla son los correctos
    .url = Dirección del servidor, o enlace de invitación, que ya trae el código
    .code = Código de un solo uso
    .name = Nombre de este equipo, o de la cuadrilla que lo lleva
    .ca = Certificado de la autoridad que responde por el servidor (PEM), si el sistema no la conoce
help-status = Estado de este equipo: qué está guardado, enviado o en revisión
help-sync = Intercambia con la oficina hasta que ambos tengan todo
    .poor_link = Mensajes pequeños desde el principio, para mala señal
    .photos = Cuándo van las fotos: now (ahora), later (después) o ask (preguntar); si no, ahora, y después si la conexión es mala
    .watch = Quedarse, e intercambiar cuando haya novedades
    .examples =
        crew sync
        crew sync --poor-link
        crew sync --watch
help-order = Órdenes de trabajo
help-order-new = Crea una orden
    .kind = Tipo de trabajo, por clave o nombre
    .locality = Localidad, por clave o nombre
    .asset = Activo, por clave
    .crew = Clave de la cuadrilla, por ejemplo C-07
    .title = Título corto
    .fields = Un dato del tipo de trabajo, como campo=valor; se puede repetir
    .description = Qué hay que hacer
    .due = Fecha límite, AAAA-MM-DD
    .priority = Prioridad: low (baja), normal, high (alta), urgent (urgente)
    .plan = Programa al que cuenta, por clave
    .examples =
        crew order new --kind cloracion --locality "Pueblo Nuevo" --crew C-07
        crew order new --kind leak_repair --locality Mezquitic --title "Fuga en Hidalgo 12"
help-order-list = Lista las órdenes
    .status = Solo las que están en este estado
    .crew = Solo las de esta cuadrilla
    .locality = Solo las de esta localidad, por clave o nombre
    .examples =
        crew order list --status in_progress --crew C-07
help-order-show = Muestra una orden completa
help-order-start = Inicia el trabajo
help-order-pause = Pausa el trabajo
help-order-finish = Termina el trabajo
help-order-cancel = Cancela la orden
help-order-reopen = Reabre una orden
help-order-approve = Aprueba un trabajo terminado
help-order-step = Da otro paso que tenga el tipo de trabajo
    .step = El paso
help-order-assign = Asigna la orden a una cuadrilla
    .crew = Clave de la cuadrilla, por ejemplo C-07
help-order-note = Agrega una nota
    .text = La nota
help-order-measure = Agrega una medición
    .what = Qué se mide, por ejemplo cloro o ph
    .value = El valor; los decimales después de un punto
    .unit = La unidad, por ejemplo mg/L
    .place = Dónde se tomó
    .instrument = Con qué instrumento
    .examples =
        crew measure MZQ-26-K7-0012 cloro 0.80 mg/L --where "llave del tanque"
help-order-correct = Corrige una medición, un material, una nota o una foto; lo primero queda en la historia
    .item = El número del renglón, como lo muestra la orden
    .unit = La unidad de lo que vale en su lugar, si es otra
    .value = Lo que vale en su lugar; puede seguirle su unidad
    .void = Ya no cuenta
    .examples =
        crew correct MZQ-26-K7-0012 23 --value 0.80 --reason "faltó el punto"
        crew correct MZQ-26-K7-0012 25 --void --reason "es de otra orden"
help-order-material = Agrega material usado
    .sku = Clave del material
    .qty = Cuánto
    .unit = La unidad, por ejemplo mg/L
    .examples =
        crew material MZQ-26-K7-0012 HIPOCLORITO 2.5 kg
help-order-photo = Agrega una foto o una firma
    .file = La foto: JPEG, PNG o WebP
    .what = Qué muestra: before (antes), during (durante), after (después), meter (medidor), signature (firma) o letter (oficio)
    .caption = De qué es, en pocas palabras
    .post = De una firma: el cargo de quien firmó, nunca un nombre
    .lat = Grados norte de donde se tomó
    .lng = Grados este de donde se tomó
    .accuracy = Cuánto puede errar el lugar, en metros
    .heading = Hacia dónde veía la cámara, en grados desde el norte
    .keep_original = Guarda también el archivo de la cámara, sólo en este equipo
    .examples =
        crew photo MZQ-26-K7-0012 tanque.jpg --what after
        crew photo MZQ-26-K7-0012 firma.png --what signature --post "Comisariado ejidal"
help-blob = Los bytes de fotos y firmas
help-blob-status = Cuántas hay aquí, cuántas faltan por enviar y cuántas tiene la oficina
help-blob-get = Obtiene los bytes de una foto, de este equipo o de la oficina
    .sha256 = El nombre de la foto, 64 dígitos hexadecimales
    .file = Dónde escribirla
help-blob-free = Borra de aquí las copias de lo que la oficina ya tiene
help-blob-erase = Borra una foto en todas partes; que existió queda en el historial
    .item = El número de la foto, como lo muestra la orden
    .reason = Por qué: asked (lo pidió quien se ve), bystander (persona ajena), mistaken (otra cosa) u ordered (lo ordenó una autoridad)
    .examples =
        crew blob erase MZQ-26-K7-0012 31 --reason bystander
help-order-set = Llena un dato de la orden
    .field = El dato, por clave o nombre
    .value = El valor; los decimales después de un punto
    .examples =
        crew set MZQ-26-K7-0012 dosis 1.20
help-order-check = Marca un punto de la lista de verificación
    .item = El punto de la lista
    .undo = Quitar la marca
help-conflict = Datos con dos valores, que debe decidir una persona
help-conflict-list = Lista los datos con dos valores
help-conflict-resolve = Decide cuál de los valores queda, con el motivo
    .field = El dato, por clave o nombre
    .take = Toma el valor con este número, como aparece en la lista
    .value = Escribe este valor
    .examples =
        crew conflict resolve MZQ-26-K7-0012 fields.dose --take 2 --reason "Lo confirmó la cuadrilla"
        crew conflict resolve MZQ-26-K7-0012 fields.dose --value 1.20 --reason "Medido de nuevo"
help-quarantine = Trabajo en revisión: la oficina lo tiene y todavía no cuenta
help-quarantine-list = Lista lo que está en revisión
    .dismissed = Lo propio que se desechó, para leerlo y copiarlo
help-quarantine-release = Hace que cuente lo que está en revisión
    .reason = Por qué
help-quarantine-dismiss = Desecha lo que está en revisión; su autor conserva copia
    .reason = Por qué
help-bundle = Intercambio por archivo: memoria USB, otro teléfono
    .examples =
        crew bundle export /media/usb/c07.cuadrilla
        crew bundle import /media/usb/c07.cuadrilla
help-bundle-export = Escribe un archivo con lo que falta entregar
    .photos = Con las fotos que le faltan a la oficina, no sólo sus miniaturas
help-bundle-import = Toma lo que trae un archivo
help-bundle-inspect = Muestra qué trae un archivo, sin tomarlo
help-import = Localidades, cuadrillas, activos, materiales y órdenes desde un archivo YAML o JSON
    .file = El archivo, YAML o JSON
help-invite = Da un código de un solo uso para otro equipo
    .until = Hasta qué día sirve el código, un año a lo más; si no se dice, siete días
    .crew = Clave de la cuadrilla, para el equipo de una cuadrilla
    .qr = Dibujar el enlace como QR aunque no haya terminal
    .examples =
        crew invite --role crew --crew C-07 --locality "Pueblo Nuevo"
help-device = Equipos dados de alta
help-device-list = Lista los equipos
help-device-revoke = Da de baja un equipo
    .device = El equipo, por nombre, letras o inicio de su identificador
    .fate = Qué fue de él: lost (extraviado), stolen (robado), retired (retirado)
    .reason = Por qué
help-device-assign = Da a un equipo otro papel, cuadrilla o localidades
    .device = El equipo, por nombre, letras o inicio de su identificador
    .crew = Clave de la cuadrilla, por ejemplo C-07
    .reason = Por qué
help-device-rekey = Renueva la llave de este equipo
help-person = Personas que comparten este equipo, cada una con su PIN
help-person-add = Agrega a una persona con su propio PIN; desde la primera, la llave del equipo queda cifrada
    .by_pin_file = Archivo con el PIN de una persona que ya está
help-person-list = Lista a las personas de este equipo
help-person-use = Elige quién trabaja, con su PIN
help-person-remove = Quita a una persona, con su PIN o el de quien trabaja
help-person-lock = No elige a nadie: no se anota trabajo hasta que alguien se elija
help-audit = Quién hizo qué y cuándo, con su prueba
help-audit-log = Lista los hechos en el orden del registro
    .device = Solo este equipo, por su identificador o sus primeras letras
help-audit-replay = El estado como lo conocía la oficina, o como había ocurrido, en un momento
    .at_seq = Como lo conocía la oficina en este número del registro
    .known_at = Como lo conocía la oficina a esta hora (RFC 3339)
    .claimed_at = Como había ocurrido a esta hora, según las cuadrillas (RFC 3339)
    .list = De todo el municipio, solo lo que muestra una lista
    .examples =
        crew audit replay --known-at 2026-11-21T18:00:00Z
        crew audit replay --order MZQ-26-K7-0012 --at-seq 120
help-audit-verify = Prueba el diario de este equipo, el registro de un servidor (--from) o un registro entero (--data)
    .from = Revisa el registro de este servidor, o de una copia estática
    .data = Revisa el registro de esta carpeta, sin red
    .checkpoint = Un sello guardado antes: lo que se revisa debe continuarlo
    .witness = Exige la firma de este testigo en el sello guardado; se puede repetir
    .witness_age_max = Rechaza una firma con más días que estos
    .examples =
        crew audit checkpoint --from https://cuadrilla.example --out kept.txt
        crew audit verify --from https://cuadrilla.example --checkpoint kept.txt
help-audit-checkpoint = Guarda un sello del registro, para exigirle después que lo continúe
    .from = Pedirlo a este servidor o a una copia estática (si falta: el último que vio este equipo)
    .parted = Los dos sellos del último par de historias que vio este equipo: ARCHIVO.kept y ARCHIVO.shown
    .qr = Lo dibuja como QR, con una forma corta para leerla en voz alta
    .compare = Compara con lo que otra persona muestra o lee: el texto, su archivo o la forma corta
    .examples =
        crew audit checkpoint --qr
        crew audit checkpoint --compare "176 0d96 499a 5ae3 b1bc"
help-audit-cosign = Firma un sello como testigo, si continúa lo que ya se firmó
    .file = El sello a firmar (si falta, el último de --from)
    .from = El servidor, o una copia estática, cuyos datos prueban que continúa lo ya firmado
    .key = La llave del testigo
    .new_key = Hace primero esa llave
    .name = Nombre del testigo en una llave nueva, por ejemplo contraloria.example/testigo
    .out = Escribirlo en este archivo (si falta, en la pantalla)
    .examples =
        crew audit cosign --from https://cuadrilla.example --key testigo.key --new-key --name contraloria.example/testigo --out kept.txt
help-audit-receipt = Escribe un archivo que prueba una orden ante terceros, sin nosotros
    .folio = Folio de la orden
    .from = El servidor, o una copia estática, de donde leer el registro (si falta, el de este equipo)
    .data = Lo hace con el registro de esta carpeta, sin red
    .checkpoint = El sello al que lleva la prueba, quizá firmado por un testigo (si falta, el último)
    .examples =
        crew audit receipt MZQ-26-K7-0012 --out comprobante.json
help-audit-receipt-check = Comprueba un archivo así, sin red
help-audit-diff = Qué cambió entre dos momentos
    .from = El momento anterior: número del registro, hora (RFC 3339) o día
    .to = El momento posterior
    .claimed = Según lo que dicen las cuadrillas, no cuándo lo supo la oficina
    .examples =
        crew audit diff 2026-11-20 2026-11-21
        crew audit diff 120 145 --order MZQ-26-K7-0012
        crew audit diff 2026-11-20 2026-11-21 --claimed
help-audit-history = Todo lo que le pasó a una orden, en palabras sencillas
help-audit-case = El expediente de una orden: página para imprimir, JSON o CSV
    .photos = Con las fotos mismas en la página, no sólo sus miniaturas
    .html = Escribe la página en este archivo
    .csv = Escribe la tabla de hechos en este archivo
    .examples =
        crew audit case MZQ-26-K7-0012 --html expediente.html --csv hechos.csv
help-completions = Autocompletado para el intérprete de órdenes
    .shell = Intérprete: bash, zsh, fish
    .examples =
        crew completions bash > ~/.local/share/bash-completion/completions/crew
help-man = Escribe las páginas de manual en una carpeta
    .dir = La carpeta para las páginas

## The server's commands and page

server-io = { $what }: { $error }
server-io-hint = Revise permisos y espacio en disco.
server-corrupt = el hecho { $seq } del registro está dañado: { $detail }
server-corrupt-hint = Restaure la carpeta de datos desde un respaldo y corra `verify`; los equipos reenvían solos lo que falte. No borre la carpeta dañada.
server-index = no se pudo leer el índice: «{ $detail }»
server-index-hint = Corra `cuadrilla-server rebuild`: el índice se rehace desde el registro, no se pierde nada.
server-locked = { $path } está en uso por otro proceso
server-locked-by = { $path } está en uso por el proceso { $pid }
server-locked-hint = Detenga ese servidor primero, o use otra carpeta con --data.
server-no-store = no hay datos de Cuadrilla en { $path }
server-no-store-hint = Créelos con `cuadrilla-server init --data DIR --municipality CLAVE --name NOMBRE`.
server-disk-full = no queda espacio para escribir en { $path }
server-disk-full-hint = Libere espacio y repita.
server-read-only = no se permite escribir en { $path }
server-read-only-hint = Revise el dueño y los permisos de la carpeta.
server-newer-format = { $path } es de una versión más nueva de este programa
server-newer-format-hint = Actualice cuadrilla-server.
server-unfit-file-system = el sistema de archivos de { $path } no ofrece candados o no confirma lo que guarda: no se guardó nada
server-unfit-file-system-hint = Ponga la carpeta (--data) en un disco local, no en una unidad de red o compartida.
server-store-hint = Revise el disco y corra `verify`.
server-hub = el registro no abre: «{ $detail }»
server-hub-hint = Revise que log.key sea el de estos datos; `verify` revisa el registro, `rebuild` rehace el índice.
server-no-command = falta decir qué hacer
server-usage-hint = Corra `cuadrilla-server --help`, o la orden con `--help`.
server-no-schemas = no hay carpeta de reglas en { $path }
server-no-schemas-hint = Corrija --schemas o CUADRILLA_SCHEMAS, o quítelo para usar las reglas incluidas.
server-not-created = no se pudo crear { $path }
server-not-read = no se pudo leer { $path }
server-not-written = no se pudo escribir { $path }
server-key-exposed = otras personas pueden leer { $path } (permisos { $mode })
server-key-exposed-hint = Corra `chmod 600 { $path }`.
server-key-unreadable = { $path } no contiene 64 dígitos hexadecimales
server-key-unreadable-hint = Restáurelo desde un respaldo.
server-key-missing = falta { $path }
server-key-missing-hint = Cree los datos con `cuadrilla-server init`, o restaure ese archivo desde un respaldo.
server-no-randomness = el sistema no dio azar: { $error }
server-no-randomness-hint = Reinicie el equipo.
server-setting-range = { $name } = { $count }: debe estar entre 1 y 1073741824
server-setting-least = { $name } = { $count }: debe ser al menos { $least }, por otro ajuste o límite
server-setting-witness = un testigo firma los sellos guardados, y checkpoints = none no guarda ninguno
server-setting-unreadable = { $name } = «{ $text }» no se entiende: «{ $detail }»
server-setting-file = { $path } no se puede leer como TOML: «{ $detail }»
server-setting-hint = Corra `cuadrilla-server serve --help`: ahí está cada ajuste con su valor usual.
server-web-none = { $path }: aquí no está la aplicación para navegadores (falta index.html)
server-web-none-hint = Indique la carpeta web/dist que hace cargo xtask web, o quite web: se sirve la aplicación que trae el programa.
tls-check-url = no es una dirección https: { $url }
tls-check-url-hint = Escríbala como la usan los teléfonos: https://servidor.ejemplo:8443.
tls-check-no-url = no hay dirección que revisar, y los ajustes no dan un certificado con nombre (tls_cert)
tls-check-plain = { $url } no es una dirección https
tls-check-plain-hint = Por http un navegador sólo trabaja sin señal en esta misma máquina (localhost): los teléfonos necesitan https.
tls-check-no-authority = { $path } no es el certificado de una autoridad (CA:TRUE): ningún teléfono lo instala
tls-check-no-authority-hint = Indique el certificado de la autoridad que firmó el del servidor, tal como se instala en los teléfonos.
tls-check-no-connection = sin conexión con { $host } puerto { $port }: { $why }
tls-check-no-connection-hint = Revise nombre, puerto y cortafuegos, también desde donde están los teléfonos.
tls-check-no-tls = lo que responde ahí no habla un TLS que conozcan los teléfonos (1.2 o 1.3): «{ $detail }»
tls-check-no-tls-hint = Revise tls_cert y tls_key, o el proxy que está delante del servidor.
tls-check-server = Servidor
tls-check-version = TLS
tls-check-subject = Certificado
tls-check-names = Para los nombres
tls-check-issuer = Emitido por
tls-check-valid = Vale
tls-check-days = Días que le quedan
tls-check-sent = Certificados enviados
tls-check-fault = NO: { $what }. { $hint }
tls-check-expired = el certificado de { $subject } terminó el { $until }
tls-check-expired-hint = Renuévelo; el servidor toma solo los archivos nuevos.
tls-check-early = el certificado de { $subject } apenas empieza el { $from }
tls-check-early-hint = Revise la fecha de esta máquina y la de aquella que lo hizo.
tls-check-name = el certificado no es para { $name }, sino para { $names }
tls-check-name-hint = Use uno de sus nombres en los enlaces, o pida uno con este nombre (subjectAltName).
tls-check-no-names = el certificado no es para ningún nombre (falta subjectAltName)
tls-check-self-signed = el certificado responde por sí mismo
tls-check-self-signed-hint = Si se acepta la advertencia, la aplicación abre, pero no sin señal: pida que lo firme una autoridad pública o la del municipio (docs/OPERATING.md, «TLS for phones»).
tls-check-authority = los teléfonos no conocen a la autoridad { $issuer }
tls-check-authority-hint = Si es la del municipio, instálela en cada teléfono e indíquela aquí con --ca ARCHIVO; o pida uno de una autoridad pública.
tls-check-incomplete = lo que envió el servidor termina en { $issuer }, que los teléfonos no conocen
tls-check-incomplete-hint = Que envíe la cadena completa (tls_cert = fullchain.pem). Si esa autoridad es la del municipio, instálela en cada teléfono e indíquela aquí con --ca ARCHIVO.
tls-check-is-authority = el servidor muestra como suyo el certificado de una autoridad (CA:TRUE)
tls-check-other = el certificado se rechaza: «{ $detail }»
tls-check-other-hint = Pida otro a una autoridad pública, o hágalo como dice docs/OPERATING.md.
tls-check-soon = Atención: { $days ->
    [one] termina en un día
   *[other] termina en { $days } días
}. Renuévelo.
tls-check-long = Atención: vale { $days } días; los teléfonos de Apple aceptan { $most } cuando mucho.
tls-check-not-cuadrilla = Atención: lo que responde ahí no es un servidor Cuadrilla, o el proxy no deja pasar /healthz.
tls-check-good = SÍ: un teléfono confía en este certificado.
tls-check-good-own = SÍ, en cada teléfono que tenga instalada la autoridad de { $path }.
tls-check-bad = { $count ->
    [one] un teléfono no confía en este servidor, por una razón
   *[other] un teléfono no confía en este servidor, por { $count } razones
}
tls-check-bad-hint = Arréglelo antes de dar de alta a alguien: la aplicación dada de alta aceptando la advertencia no abre sin señal.
server-tls-one = tls_cert y tls_key van juntos: falta uno
server-tls-none = { $path }: no hay ningún certificado PEM
server-tls-unreadable = { $path } no se puede leer como PEM: «{ $detail }»
server-tls-mismatch = la llave { $key } no es la del certificado { $cert }
server-tls-unusable = { $cert } y { $key } no sirven juntos: «{ $detail }»
server-tls-hint = tls_cert es la cadena en PEM (primero la del servidor), tls_key su llave en PEM; sin ambos se sirve HTTP.
server-municipality = Municipio
server-folios = Folios
server-offset = Hora
server-rules = Reglas
server-log-key = Llave del registro
server-admin-code = Código de administración
server-link-long = La dirección { $url } es muy larga: un enlace de invitación tiene a lo más { $max } caracteres
server-link-plain = La dirección { $url } no sirve para invitar: cualquiera en el camino podría leer el enlace
server-link-hint = Use la dirección https:// del servidor, corta. http:// es solo para esta misma máquina.
server-link = Enlace de invitación
server-bad-rule = Regla que no se usa
server-code = Código
server-expires = Vence
server-entries = Hechos
server-devices = Equipos
server-root = Raíz
server-other-history = Dicen otra historia
server-times = Horas que se contradicen
server-first-bad = Primero dañado
server-tail = Bytes ignorados al final (una escritura que se cortó, o el último registro dañado)
server-new-files = Archivos nuevos
server-seconds = Segundos
server-photos = las fotos en camino
server-photos-orphans = Sin registro que las nombre, en { $days } días de libro desde entonces
server-photos-partials = Envíos sin avance en { $days } días
server-photos-kept = Fotos que quedan
server-photos-rehearsal = Es un ensayo: nada se borró; repita con --delete
server-photos-deleted = Se borraron
server-photos-unreached = no se llega a donde están las fotos: { $detail }
server-photos-unreached-hint = revise --blobs o CUADRILLA_BLOBS, y las variables AWS_… si es un depósito S3
server-store-exists = ya hay datos de Cuadrilla en { $path }
server-store-exists-hint = Use otra carpeta con --data; para otro código de administración: `cuadrilla-server invite`.
server-name = «{ $name }» no es un nombre
server-name-hint = Use de 1 a 100 letras, por ejemplo --name Mezquitic.
server-prefix = «{ $prefix }» no sirve para folios
server-prefix-hint = Use de 2 a 4 mayúsculas, por ejemplo MZQ.
server-source-flag = opción
server-source-file = archivo
server-source-default = usual
server-no-threads = no hay hilos
server-signals = señales
server-listening = Atendiendo en { $address }
server-not-listening = no se puede atender en { $address }: { $error }
server-not-listening-hint = Detenga lo que use ese puerto, o elija otro con --listen 127.0.0.1:0.
server-other-published = lo ya publicado ({ $path }, { $old } hechos) no es el principio de este registro de { $size }
server-other-published-hint = No lo sobrescriba: averigüe cuál de los dos cambió, y publique en otra carpeta.
server-conflicts = Dos valores
server-no-order = no hay orden { $folio } en el registro
server-no-order-hint = Revise el folio; una orden aparece aquí cuando su equipo la ha enviado.
server-page-title = Servidor Cuadrilla de { $name }
server-page-no-app = Este servidor no trae la aplicación para navegadores.
server-page-no-app-how = Para que la traiga, quien compila el programa arma primero la aplicación y luego otra vez el programa:
server-page-text = Aquí envían su trabajo los equipos de las cuadrillas. Para dar de alta uno, pida un código a la administración y corra:
server-page-key = Llave del registro, para quien audita:

## Help of the server's commands

help-server = Servidor de Cuadrilla: recibe lo que registran las cuadrillas, lo guarda y lo reparte.
    .json = Escribe un solo valor JSON en la salida.
    .lang = Idioma: es o en.
    .data = Carpeta de datos.
    .delete = Borra lo hallado; si falta, es un ensayo.
    .municipality = Clave INEGI del municipio, por ejemplo 14061.
    .name = Nombre del municipio.
    .url = Dirección con que la encontrarán los equipos; con ella se da también el enlace de invitación.
    .folio_prefix = Letras con que empiezan los folios; si falta, salen del nombre.
    .utc_offset = Diferencia de su hora con UTC, por ejemplo -06:00; si falta, la de su estado.
    .schemas = Carpeta de reglas sobre las incluidas; vacía: busca una.
    .to = Carpeta que sirve el servidor estático; ahí se hace `log/`.
    .config = Archivo TOML con ajustes; gana la línea de órdenes, luego las variables, luego este archivo.
    .address = La dirección https como la usan los teléfonos; si falta, el servidor que describen los ajustes.
    .ca = Archivo PEM de la autoridad del municipio que está instalada en los teléfonos.
    .folio = Folio de la orden.
    .role = Papel; aquí solo admin, los demás los invita la administración con `crew invite`.
    .rules = Carpeta con `work/`, `steps.json` o `measures.json`.
    .compare = Carpeta de datos: compara también con las reglas en vigor y con lo que guardan las órdenes.
    .shell = Terminal.
help-server-settings = Ajustes
help-server-setting = Ajustes
    .listen = Dirección en que atiende; el puerto 0 toma uno libre.
    .schemas = Carpeta de reglas sobre las incluidas; vacía: busca una.
    .web = Carpeta con la aplicación para navegadores, leída en cada petición; vacío: la que trae el programa.
    .log_format = Líneas de la bitácora: text o json.
    .requests_max = Peticiones de equipos en curso, entre todos; las demás reciben 503.
    .connections_max = Conexiones abiertas; por cada una más se cierra una que no se ha acreditado.
    .events_max = Equipos que esperan avisos a la vez.
    .queue_max = Peticiones revisadas que esperan turno para guardarse.
    .batch_requests_max = Peticiones que un fsync vuelve duraderas.
    .batch_bytes_max = Bytes de peticiones que un fsync vuelve duraderos.
    .header_timeout_ms = Milisegundos para los encabezados, también entre peticiones.
    .body_timeout_ms = Milisegundos para el cuerpo de una petición.
    .answer_timeout_ms = Milisegundos para contestar, ya recibido el cuerpo.
    .device_requests_max = Peticiones en curso de un equipo; las demás reciben 429.
    .strangers_max = Peticiones de desconocidos que esperan que se revise su firma; las demás reciben 503.
    .public_max = Respuestas en curso sobre el registro público; las demás reciben 503.
    .public_reads_max = Lecturas del registro público de golpe desde una dirección.
    .public_reads_per_min = Lecturas del registro público más por minuto desde una dirección.
    .peer_connections_max = Conexiones sin acreditar desde una dirección (IPv6: un /64); pasado eso se cierra la más vieja.
    .device_connections_max = Conexiones de un equipo además de sus avisos; pasado eso se cierra la más vieja.
    .connection_life_ms = Milisegundos tras los que una conexión se cierra, ya contestada su petición.
    .write_timeout_ms = Milisegundos en que se debe leer al menos 1 KiB de lo que se envía.
    .body_grace_ms = Milisegundos antes de juzgar la velocidad de un cuerpo.
    .body_bytes_per_s = Bytes por segundo con que el cuerpo debe haber llegado desde entonces, en promedio.
    .stranger_bytes_max = Bytes de cuerpos de desconocidos a la vez; pasado eso se corta uno de la dirección que más ocupa.
    .peer_bytes_max = Bytes de cuerpos de desconocidos a la vez desde una dirección.
    .device_bytes_max = Bytes de cuerpos de equipos con pase a la vez; por equipo, dos de los mensajes más grandes.
    .device_streams_max = Avisos abiertos de un equipo; pasado eso se cierra el más viejo.
    .keep_alive_ms = Milisegundos entre señales de vida a un equipo que espera avisos.
    .grace_ms = Milisegundos que se dan a lo que está en curso tras la señal de parar.
    .tls_cert = Archivo PEM con la cadena de certificados; con tls_key se atiende por HTTPS.
    .tls_key = Archivo PEM con la llave del certificado.
    .blobs = Dónde se guardan las fotos: una carpeta, o s3://DEPÓSITO[/CARPETA]; vacío, en los datos.
    .checkpoints = Carpeta fuera de los datos para un sello al día; vacía: junto a la de datos; none: ninguno.
    .witness = Testigo que firma el sello de cada día: su dirección, un espacio, su llave; vacío: ninguno.
    .peer_header = Encabezado con que un proxy de confianza nombra al cliente, como x-forwarded-for; vacío: ninguno.
    .enrol_tries_max = Intentos de alta de golpe desde una dirección; los códigos buenos no cuentan.
    .enrol_tries_per_min = Intentos de alta más por minuto desde una dirección.
    .enrol_all_tries_max = Intentos de alta de golpe desde todas las direcciones.
    .enrol_all_tries_per_min = Intentos de alta más por minuto desde todas las direcciones.
    .device_units_max = Unidades de trabajo de golpe por equipo: una petición, un hecho, 8 operaciones, 1 KiB o 4 KiB de filas es una.
    .device_units_per_s = Unidades de trabajo por segundo que un equipo recupera.
    .crew_day_bytes_max = Bytes que un equipo de cuadrilla puede traer en un día.
    .office_day_bytes_max = Bytes que cualquier otro equipo puede traer en un día.
    .revoked_bytes_max = Bytes que se reciben en total de un equipo después de su baja.
    .reserve_bytes = Bytes libres que se guardan en el disco; con menos no se recibe trabajo. 0: 5 % del disco, de 4 a 64 MiB.
help-server-default = [{ $variable }; si no se dice: { $value }]
help-server-value = VALOR
help-server-init = Crea los datos de un municipio y el código de su primera administradora.
help-server-serve = Atiende a los equipos hasta recibir SIGTERM o SIGINT.
help-server-config = Muestra los ajustes con que serviría y de dónde viene cada uno.
help-server-verify = Revisa cada hecho del registro: sumas, cadenas, firmas y raíz de Merkle.
help-server-rebuild = Tira el índice y lo rehace desde el registro.
help-server-sweep-photos = Busca fotos que ningún registro nombra y envíos abandonados, con el servidor detenido; los borra con --delete.
help-server-log-export = Escribe el registro de transparencia como archivos, para cualquier servidor estático.
help-server-check-rules = Revisa una carpeta de reglas antes de publicarla; con --data, también contra lo que está en vigor y lo guardado.
help-server-check-tls = Revisa si un teléfono confía en el certificado del servidor, y dice qué tiene de malo.
help-server-show = Muestra una orden leyendo el registro; funciona también mientras sirve.
help-server-invite = Da un código de administración nuevo, con el servidor detenido.
help-server-completions = Escribe el autocompletado de una terminal.
help-server-man = Escribe la página de manual.

app-bad-call = la aplicación pidió algo que no existe: { $detail }
app-fault-hint = es una falla de la aplicación: ciérrela y ábrala; su trabajo está guardado
app-disk-full = no hay espacio en este teléfono: no se guardó
app-disk-full-hint = libere espacio (fotos, videos) y guarde otra vez; lo anterior está guardado
app-unconfirmed = el teléfono no confirmó que guardó: no se sabe si quedó
app-unconfirmed-hint = cierre la aplicación y ábrala: mire si está, y si falta anótelo otra vez
app-corrupt = el diario de este teléfono está dañado: { $detail }
app-corrupt-hint = no borre nada; llame a la oficina: lo enviado está allá, y el resto puede rescatarse
app-newer-format = una versión más nueva de la aplicación escribió el diario de este teléfono
app-newer-format-hint = actualice la aplicación; no se pierde nada
app-store = no se pudo guardar ni leer: { $detail }
app-journal-lost = el navegador borró parte de lo guardado en este teléfono
app-journal-lost-hint = lo que la oficina tiene vuelve al inscribir otra vez; lo que no se había enviado puede faltar
