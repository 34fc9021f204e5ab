### What people read in the app, in Mexican Spanish. Rules: usted, short, verb first on keys; trouble says what happened,
### what became of the work, and what to do. Ids begin with their screen; both files have the same ids.

## Ticks, as docs/GLOSSARY.md defines the states
tick-saved = guardado
tick-saved-count = { $count } { $count ->
    [one] guardado
   *[other] guardados
}
tick-sent = enviado
tick-sent-count = { $count } { $count ->
    [one] enviado
   *[other] enviados
}
tick-counts = cuenta
tick-counts-count = { $count } { $count ->
    [one] cuenta
   *[other] cuentan
}
tick-review = en revisión
tick-review-count = { $count } en revisión
tick-unknown = no se sabe
tick-unknown-count = { $count }: no se sabe

## Time
ago-never = todavía no
ago-now = ahora
ago-minutes = hace { $count } { $count ->
    [one] minuto
   *[other] minutos
}
ago-hours = hace { $count } { $count ->
    [one] hora
   *[other] horas
}
ago-days = hace { $count } { $count ->
    [one] día
   *[other] días
}

## The dado
band-all = Nada sin enviar
band-unsent = { $count } { $count ->
    [one] guardado aquí, sin enviar
   *[other] guardados aquí, sin enviar
}
band-unknown = { $count } { $count ->
    [one] guardado aquí: no se sabe si llegó
   *[other] guardados aquí: no se sabe si llegaron
}
band-photos = { $count } { $count ->
    [one] foto guardada aquí, sin enviar
   *[other] fotos guardadas aquí, sin enviar
}
band-review = { $count } en revisión · { $unsent } sin enviar
band-revoked = Dado de baja · { $count } guardados aquí
band-split = No se envía: dos pasados distintos
band-heard = La oficina contestó: { $ago }
band-not-kept = sin permiso de guardar
tabs-label = Partes de la aplicación
tab-today = Hoy
tab-new = Nueva
tab-sends = Envíos

## Common
opening = Abriendo…
opening-lines = Leyendo el cuaderno: { $done } de { $last }
yes = Sí
no = No
save = Guardar
see = Ver
change = Cambiar
undo = Deshacer
undo-reason = Deshecho al momento
well = bien
ask-again = Pedir otra vez
write-first = Escriba primero
choose-first = Escoja primero
back-today = Volver a Hoy
back-order = Volver a la orden
back-sends = Volver a Envíos
said-saved = Guardado en este teléfono
said-undone = Deshecho
said-corrected = Corregido y guardado
said-voided = Anulado y guardado
said-explained = Explicación guardada
said-photo = Foto guardada en este teléfono
said-signed = Firma guardada en este teléfono
said-taken = { $count } { $count ->
    [one] hecho recibido
   *[other] hechos recibidos
}

## Door
door-title = Entre con su invitación
door-what = Se la da el despacho, en papel o en una pantalla. Es de una sola vez. Si es un código QR, léalo con la cámara del teléfono.
door-code = Escriba la clave
door-code-hint = 12 letras y números. La O y el 0 valen igual.
door-code-first = Escriba la clave
door-next = Seguir
door-asking = Preguntando a la oficina…
door-office = Se pregunta a la oficina de { $host }
door-none = Este teléfono todavía no es de ninguna cuadrilla
door-nothing-yet = Nada se ha guardado todavía
door-heard-now = La oficina contestó ahora
door-not-spent = Su invitación no se gastó.
door-no-invitation = ¿No tiene invitación?
door-no-invitation-what = Pídala al despacho por radio o en persona. Sin ella este teléfono no puede anotar trabajo del municipio.
door-you = ¿Es usted?
door-municipality = Municipio
door-crew = Cuadrilla
door-role = Entra como
door-until = La invitación vale hasta
door-where = Dónde va a quedar
door-this-browser = En este navegador, en este teléfono
door-closed = Esta invitación ya se usó o ya venció. Pida otra al despacho.
door-name = ¿Cómo le decimos a este teléfono?
door-name-given = Teléfono de { $crew }
door-name-hint = Por ejemplo: Teléfono 1 de C-02
door-name-first = Escriba un nombre para el teléfono
door-yes = Sí, entrar
door-busy = Entrando…
door-not-me = No soy yo, volver
door-done = Listo. Este teléfono es de { $crew }
door-done-invitation = Invitación aceptada
door-done-key = Llave de este teléfono hecha
door-done-offline = Abre sin señal desde ahora
door-done-keep = Permiso de guardar: concedido
door-done-no-keep = Permiso de guardar: no concedido
door-folios = Sus folios llevan las letras { $letters }.
door-go = Ver lo de hoy
door-install = Poner en la pantalla de inicio
door-not-kept = Aquí la app no abriría mañana sin señal
door-not-kept-what = El navegador no quiso guardar la app. Casi siempre es porque el certificado de la oficina no es de confianza para este teléfono.
door-not-kept-1 = Avise a quien cuida el servidor: { $host } necesita un certificado que el teléfono acepte sin preguntar.
door-not-kept-2 = Si ya está arreglado, vuelva a intentar.
door-again = Intentar otra vez
role-crew = Cuadrilla
role-dispatcher = Despacho
role-supervisor = Supervisión
role-admin = Administración
role-auditor = Contraloría
keep-will-ask = El teléfono va a preguntar si deja guardar.
keep-say-yes = Diga que sí: así no borra su trabajo cuando le falte espacio.
keep-refused = Puede trabajar, pero si el teléfono se llena podría borrar lo que no se haya enviado.
keep-refused-how = Ponga la app en la pantalla de inicio, ábrala desde ahí y pida el permiso otra vez.
lack-secure = Aquí no se puede entrar: la conexión no es segura
lack-secure-what = Por «http» el navegador no deja guardar trabajo ni abrir sin señal.
lack-secure-1 = Abra la dirección que empieza con https.
lack-secure-2 = Si no la hay, pídala a quien cuida el servidor.
lack-secure-3 = Para una prueba: en la misma máquina use localhost, o por USB «adb reverse».
lack-browser = Este navegador no puede guardar su trabajo
lack-browser-what = Le falta lo necesario para trabajar sin señal.
lack-browser-1 = Use Chrome 109, Firefox 111 o Safari 17, o más nuevos.
lack-browser-2 = Si está dentro de otra app, abra la dirección en el navegador.
lack-list = Falta:
lack-secure-name = conexión segura
lack-wasm-name = programas compilados (WebAssembly)
lack-files-name = archivos propios del sitio
lack-locks-name = turnos entre pestañas
lack-database-name = base de datos del navegador
lack-worker-name = abrir sin señal (service worker)

## Today
today-title = Hoy
today-search = Buscar en mis órdenes
today-search-hint = Buscar folio, lugar o trabajo
today-filter = Filtrar
today-all = Todas
today-unsent = Sin enviar
today-in-progress = En proceso
today-due = Toca hacer
today-by-phone = según la fecha de este teléfono
today-open = Por empezar
today-done = Terminadas esta semana
today-found = { $count } con «{ $query }»
today-none = No hay órdenes para usted
today-none-found = Ninguna orden así
today-as-known = Hasta donde se sabe. La oficina contestó: { $ago }.
row-conflicts = { $count } { $count ->
    [one] dato con dos valores
   *[other] datos con dos valores
}
row-late = { $count } { $count ->
    [one] día tarde
   *[other] días tarde
}
row-due = para el { $day }

## Order
order-lines = Datos
order-checks = Revisión
order-materials = Material
order-proof = Prueba
order-photos = Fotos y firmas
order-photos-count = { $count ->
    [0] sin fotos
    [one] 1 foto
   *[other] { $count } fotos
}
order-note-by = Nota · { $who } · { $when }
order-history = Historia
order-history-all = Ver los { $count } hechos
order-add = Agregar
order-note-line = Anotar { $what }
tool-photo = Foto
tool-note = Nota
tool-material = Material
line-missing = falta
line-missing-long = falta para terminar
line-again = anotar otra
line-empty = sin anotar
norm-below = abajo de la norma
norm-above = arriba de la norma
norm-below-long = Abajo de la norma.
norm-above-long = Arriba de la norma.
norm-kept = Se guarda y queda marcado
norm-in = Dentro de la norma
norm-between = norma: { $min } a { $max } { $unit }
norm-least = norma: { $min } { $unit } o más
norm-most = norma: { $max } { $unit } o menos
norm-word = norma
history-claimed = dicho { $when }
history-received = recibido { $when }

## Pad
pad-keys = Números
pad-point = punto decimal
pad-erase = borrar
pad-sign = más o menos
pad-where = Dónde
pad-where-hint = Llave del tanque, última casa…
pad-write-first = Escriba la lectura
pad-impossible = No puede ser esa cantidad
pad-save = Guardar { $value }
pad-slip = Es muy distinto de lo normal
pad-meant = ¿Quiso { $value }?

## Note, material, step, finish
note-title = Nota
note-label = ¿Qué hay que saber?
note-hint = Sin nombres ni teléfonos de vecinos. Puede dictar con el micrófono del teclado.
note-save = Guardar nota
material-title = Material usado
material-what = Material
material-search = Buscar material
material-none = No hay material con ese nombre
material-none-what = Escríbalo en una nota: el despacho lo da de alta.
material-unit = Unidad
material-unit-hint = pieza, kg, L, m…
material-unit-first = Escriba la unidad
material-how-much = Escriba cuánto
step-why = ¿Por qué?
step-why-hint = Lo lee el despacho y queda en la historia.
finish-missing = Falta para terminar
finish-must = Obligatorio
finish-note = Anotar
finish-note-missing = Anotar lo que falta
finish-nothing = No falta nada obligatorio.
finish-as = Así queda
finish-helps = No obliga, pero ayuda
finish-or-pause = ¿No se puede terminar hoy? Póngala en pausa: sigue siendo suya y no se pierde nada.
finish-done = Guardada en este teléfono
finish-done-what = Se envía sola cuando haya señal. El despacho la revisa después.

## Correction
fix-title = Corregir
fix-says = Dice
fix-should = Debe decir
fix-should-unit = Debe decir, en { $unit }
fix-why = ¿Por qué?
fix-why-words = Con sus palabras
fix-slip = Dedazo
fix-again = Volví a medir
fix-other = Otra razón
fix-stays = La primera queda en la historia, tachada, con su nombre y hora. La que cuenta es la corregida.
fix-void = Anular sin poner otra
fix-do = Corregir a { $value }
fix-reason-first = Escoja por qué
fix-no-item = Esto ya no está en la orden.

## Conflict
conflict-of = { $what }: dos valores
conflict-office = Decide el despacho.
conflict-go-on = Usted puede seguir y terminar.
conflict-explain = Explicar al despacho
explain-title = Explicar al despacho
explain-which = { $what }: ¿cuál vale en el campo?
explain-neither = Ninguno de los dos
explain-how = ¿Cómo lo sabe?
explain-what = Se guarda como nota en la orden. El despacho decide y escribe por qué; usted lo verá aquí.
explain-save = Guardar explicación
explain-note = { $what }, dos valores. En el campo vale: { $side }. { $why }

## Photos and signature
photos-title = Fotos
photos-which = ¿De qué momento es?
photos-none = Todavía no hay fotos
photos-what = Las fotos van al final, después de lo anotado. Se quita de la foto todo lo que no se ve.
photo-before = Antes
photo-during = Durante
photo-after = Después
photo-meter = Medidor
photo-signature = Firma
photo-letter = Oficio
photo-take = Tomar foto: { $what }
photo-pick = Escoger
photo-busy = Preparando la foto…
photo-here = está en este teléfono
photo-at-office = la oficina la tiene
photo-erased = borrada por la oficina
photo-nowhere = no está en este teléfono
photo-lost = La foto no llegó
photo-lost-what = El teléfono cerró la app mientras la cámara estaba abierta. Lo anotado sigue aquí; tome la foto otra vez.
sign-title = Firma
sign-who = ¿Quién firma? Sólo el puesto, sin nombre
sign-water = Encargado del agua
sign-delegate = Delegado
sign-neighbour = Vecino
sign-here = Firme aquí con el dedo
sign-clear = Borrar
sign-save = Guardar firma
sign-first = Falta la firma
sign-post-first = Escoja quién firma

## New order
new-title = Nueva orden
new-sub = Trabajo, lugar y listo
new-which-work = 1 · ¿Qué trabajo?
new-work = Trabajo
new-others = { $count ->
    [one] Ver el otro trabajo
   *[other] Ver los otros { $count } trabajos
}
new-where = 2 · ¿Dónde?
new-place = Lugar
new-last-first = el último primero
new-choose = escoja
new-search-place = Buscar lugar
new-no-place = Ningún lugar con ese nombre
new-never-guess = La app nunca adivina cuál es. Si no está en la lista, escoja el más cercano y explíquelo en una nota.
new-same = Ya hay una igual abierta aquí:
new-open-same = Abrir esa
new-begin = Empezar

## Sends
sends-title = Envíos
sends-sub = ¿Qué tiene la oficina y qué no?
sends-saved = en este teléfono; aguanta que se apague
sends-sent = la oficina lo tiene, falta que lo revise
sends-counts = la oficina lo aceptó
sends-review = la oficina lo tiene y no cuenta todavía
sends-unknown = se mandó y nadie contestó
sends-do = Buscar señal y enviar
sends-again = Intentar otra vez
sends-busy = Hablando con la oficina…
sends-now = Hablando con la oficina.
sends-go-on = Puede seguir trabajando. Si se corta, sigue donde iba.
sends-all = La oficina tiene todo lo de este teléfono, fotos también.
sends-heard = Contestó: { $heard }.
sends-photos = Fotos
sends-photos-last = van al final
sends-photos-none = Ninguna foto espera.
sends-photos-left = { $count ->
    [one] Falta 1 foto, { $size }.
   *[other] Faltan { $count } fotos, { $size }.
}
sends-photos-refused = { $count ->
    [one] La oficina no tomó 1 foto; sigue en este teléfono.
   *[other] La oficina no tomó { $count } fotos; siguen en este teléfono.
}
sends-photos-with = Mandar también las fotos
trouble-no-signal = No hay señal.
trouble-no-signal-what = Última respuesta de la oficina: { $heard }. Qué pasó allá desde entonces: no se sabe. No se perdió nada.
trouble-unreachable = No se pudo llegar a la oficina.
trouble-unreachable-what = Última respuesta: { $heard }. Puede que allá no haya luz o internet. Todo sigue guardado aquí y se vuelve a intentar solo.
trouble-silent = Hay señal, pero la oficina no contesta.
trouble-silent-what = Última respuesta: { $heard }. Todo sigue guardado aquí y se vuelve a intentar solo.
trouble-foreign = Hay red, pero contestó otra página.
trouble-foreign-what = Parece un wifi que pide entrar o comprar ficha. Ábralo en el navegador y regrese. Nada se perdió.
trouble-cut = Se cortó antes de la respuesta.
trouble-cut-what = No se sabe si llegó. Mandarlo otra vez nunca lo duplica. Última respuesta: { $heard }.
trouble-busy = La oficina está ocupada.
trouble-busy-what = Pidió esperar. Se vuelve a intentar solo; nada se perdió.
trouble-refused = La oficina no lo tomó.
trouble-refused-what = Todo sigue guardado aquí. Avise al despacho si se repite.
trouble-stuck = El intercambio no avanza.
trouble-stuck-what = Todo sigue guardado aquí. Avise a quien cuida el servidor. Última respuesta: { $heard }.
ways-title = Sin señal, por otro camino
ways-give = Guardar o pasar en un archivo
ways-give-what = llega lo suyo y lo que lleve de otros; sirve aunque lo entregue otra persona
ways-take = Recibir un archivo
ways-take-what = de otro teléfono o de una memoria USB
device-title = Este teléfono
device-heard = La oficina contestó
device-keep = Permiso de guardar
device-keep-yes = concedido
device-keep-no = no concedido: si el teléfono se llena podría borrar lo no enviado
device-offline = Abrir sin señal
device-offline-yes = sí
device-offline-no = todavía no: abra la app una vez más con señal
device-install = Ponga la app en la pantalla de inicio
device-install-what = Abre más rápido y no se confunde con otras pestañas.
device-update = Hay una versión nueva de la app
device-update-what = Toque para cambiar. Lo que está a medias se queda guardado.
device-lang = Idioma

## In review
review-title = En revisión
review-sub = La oficina lo tiene. No cuenta todavía
review-since = desde { $when }
review-wrote = Lo que se anotó
review-not-lost = No se perdió nada.
review-why = Por qué no cuenta
review-then = Qué sigue
review-then-what = La oficina debe aceptarlo o desecharlo y decir por qué. Usted no tiene que repetir el trabajo.
review-see = Ver la orden
review-explain = Explicar
review-none = Nada en revisión
review-as-known = Hasta donde se sabe. La oficina contestó: { $ago }.
review-dismissed = Desechados
review-copy = copia guardada aquí
held-revoked = Llegó de un teléfono dado de baja.
held-other = Razón: { $reason }

## Alarms
alarm-work = Su trabajo
alarm-do = Qué hacer
alarm-go-on = Entendido, seguir anotando
alarm-revoked = Este teléfono fue dado de baja
alarm-revoked-what = Lo decidió la oficina. Esta razón escribió:
alarm-revoked-safe = { $count ->
    [0] Nada falta por enviar.
    [one] Hay 1 guardado sin enviar. Se puede mandar: quedará en revisión.
   *[other] Hay { $count } guardados sin enviar. Se pueden mandar: quedarán en revisión.
}
alarm-revoked-1 = Si el teléfono es suyo y no está perdido, avise al despacho.
alarm-revoked-2 = Mande lo que falta antes de que se lo cambien.
alarm-revoked-send = Mandar { $count } a revisión
alarm-split = La oficina mostró dos pasados distintos
alarm-split-what = El registro que hoy enseña el servidor no continúa el que enseñó antes. Alguien pudo cambiarlo, o se restauró mal un respaldo.
alarm-split-safe = { $count ->
    [one] El guardado sin enviar sigue aquí, entero.
   *[other] Los { $count } guardados sin enviar siguen aquí, enteros.
}
alarm-split-1 = Siga anotando: todo se guarda en este teléfono.
alarm-split-2 = Avise a la contraloría municipal, no sólo al despacho.
gone-title = El navegador borró los archivos de la app mientras estaba abierta
gone-what = Lo que anote desde ahora se guarda en otro lugar del teléfono. Envíe en cuanto haya señal y avise al despacho.
elsewhere = La app está abierta en otra pestaña
elsewhere-what = Sólo una puede escribir a la vez, para que nada se cruce.
elsewhere-safe = Nada se pierde: las dos usan el mismo cuaderno de este teléfono.
elsewhere-1 = Siga en la otra pestaña,
elsewhere-2 = o tráigala aquí: la otra se quedará quieta.
elsewhere-here = Usar aquí
evicted = El teléfono borró el cuaderno de la app
evicted-what = Al teléfono le faltó espacio, o alguien borró los datos del sitio.
evicted-safe = Lo que la oficina tiene no se perdió. Lo que no se había enviado ya no está, y este teléfono no puede saber cuánto era.
evicted-1 = Vuelva a anotar lo de hoy mientras se acuerda.
evicted-2 = Ponga la app en la pantalla de inicio y dé permiso de guardar.
evicted-go-on = Entendido, seguir
broken = La app no pudo abrir su cuaderno
broken-what = El programa se detuvo varias veces.
broken-safe = No se borró nada. Lo guardado sigue en este teléfono.
broken-1 = Cierre otras pestañas de la app e intente otra vez.
broken-2 = Si se repite, enseñe esta pantalla al despacho.
broken-again = Intentar otra vez

## What went wrong, by code
fault-internal = Algo no salió como debía ({ $code }). Lo guardado sigue aquí.
fault-no-core = Falta una parte de la app
fault-no-core-hint = Ábrala una vez con señal.
fault-code-unknown = Esa clave no es de ninguna invitación
fault-code-unknown-hint = Revísela letra por letra, o pida otra al despacho.
fault-code-used = Esa invitación ya se usó
fault-code-used-hint = Cada invitación sirve una vez. Pida otra al despacho.
fault-code-expired = Esa invitación ya venció
fault-code-expired-hint = Pida otra al despacho.
fault-device-taken = La oficina ya conoce la llave de este teléfono
fault-device-taken-hint = Enseñe esta pantalla al despacho.
fault-too-many = Hubo muchos intentos desde aquí
fault-too-many-hint = Espere unos minutos y vuelva a intentar.
fault-other-address = Esta invitación es de otra dirección
fault-other-address-hint = Abra el enlace tal como se lo dieron.
fault-files-locked = El navegador todavía tiene ocupados los archivos
fault-files-locked-hint = Cierre el navegador por completo y ábralo otra vez.
fault-disk-full = No hay espacio en el teléfono
fault-disk-full-hint = No se guardó. Borre videos o apps que no use; lo escrito sigue en la pantalla.
fault-slow = El teléfono está tardando
fault-slow-hint = Intente otra vez.
fault-not-known = No se sabe si se guardó
fault-not-known-hint = Mire la orden antes de repetirlo.
fault-worker-dead = La app se reinició
fault-worker-dead-hint = Intente otra vez; lo guardado sigue aquí.
fault-panic = La app tropezó y se reinicia
fault-panic-hint = Mire la orden antes de repetirlo.
fault-not-open = El cuaderno está en otra pestaña
fault-no-key = Falta la llave de este teléfono
fault-no-key-hint = Lo guardado sigue aquí. Avise al despacho.
fault-no-bundles = Esta versión no hace archivos
fault-photo-empty = La foto está vacía
fault-photo-empty-hint = Tómela otra vez.
fault-photo-heic = Esta foto está en formato HEIC, que este navegador no lee
fault-photo-heic-hint = En los ajustes de la cámara escoja «Más compatible» o JPEG.
fault-photo-unreadable = Esta foto no se puede leer
fault-photo-unreadable-hint = Puede estar cortada. Tómela otra vez.
