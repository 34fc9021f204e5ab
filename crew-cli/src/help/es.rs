//! The Spanish help. A test holds that nothing is missing here.

/// What a command does. Shortcuts share their text with `order`.
pub fn about(path: &str) -> Option<&'static str> {
    let path =
        path.strip_prefix("crew order ").map_or_else(|| path.to_owned(), |rest| format!("crew {rest}"));
    let text = match path.as_str() {
        "crew" => "Órdenes de trabajo de las cuadrillas municipales, con señal o sin ella.",
        "crew enrol" => "Registra este equipo con un código de un solo uso",
        "crew status" => "Estado de este equipo: qué está guardado, enviado y confirmado",
        "crew sync" => "Intercambia con el servidor hasta que ambos tengan todo",
        "crew order" => "Órdenes de trabajo",
        "crew new" => "Crea una orden",
        "crew list" => "Lista las órdenes",
        "crew show" => "Muestra una orden completa",
        "crew start" => "Inicia el trabajo",
        "crew pause" => "Pausa el trabajo",
        "crew finish" => "Termina el trabajo",
        "crew cancel" => "Cancela la orden",
        "crew reopen" => "Reabre una orden",
        "crew approve" => "Aprueba un trabajo terminado",
        "crew step" => "Da otro paso que tenga el tipo de trabajo",
        "crew assign" => "Asigna la orden a una cuadrilla",
        "crew note" => "Agrega una nota",
        "crew measure" => "Agrega una medición",
        "crew material" => "Agrega material usado",
        "crew set" => "Llena un dato de la orden",
        "crew check" => "Marca un punto de la lista de verificación",
        "crew conflict" => "Diferencias que debe resolver una persona",
        "crew conflict list" => "Lista las diferencias",
        "crew conflict resolve" => "Resuelve una diferencia, con el motivo",
        "crew quarantine" => "Trabajo que el servidor retuvo",
        "crew quarantine list" => "Lista lo retenido",
        "crew quarantine release" => "Hace que cuente lo retenido",
        "crew quarantine dismiss" => "Desecha lo retenido; su autor conserva copia",
        "crew bundle" => "Intercambio por archivo: memoria USB, otro teléfono",
        "crew bundle export" => "Escribe un archivo con lo que falta entregar",
        "crew bundle import" => "Toma lo que trae un archivo",
        "crew bundle inspect" => "Muestra qué trae un archivo, sin tomarlo",
        "crew person" => "Personas que comparten este equipo, cada una con su PIN",
        "crew person add" => {
            "Agrega a una persona con su propio PIN; desde la primera, la llave del equipo queda cifrada"
        }
        "crew person list" => "Lista a las personas de este equipo",
        "crew person use" => "Elige quién trabaja, con su PIN",
        "crew person remove" => "Quita a una persona, con su PIN o el de quien trabaja",
        "crew person lock" => "No elige a nadie: no se anota trabajo hasta que alguien se elija",
        "crew import" => {
            "Localidades, cuadrillas, activos, materiales y órdenes desde un archivo YAML o JSON"
        }
        "crew invite" => "Da un código de un solo uso para otro equipo",
        "crew device" => "Equipos registrados",
        "crew device list" => "Lista los equipos",
        "crew device revoke" => "Da de baja un equipo",
        "crew device rekey" => "Renueva la llave de este equipo",
        "crew device assign" => "Da a un equipo otro papel, cuadrilla o localidades",
        "crew completions" => "Autocompletado para el intérprete de órdenes",
        "crew man" => "Escribe las páginas de manual en una carpeta",
        _ => return about_audit(&path),
    };
    Some(text)
}

fn about_audit(path: &str) -> Option<&'static str> {
    let text = match path {
        "crew audit" => "Quién hizo qué y cuándo, con su prueba",
        "crew audit log" => "Lista los hechos en el orden del registro",
        "crew audit replay" => "El estado como se conocía o como había ocurrido en un momento",
        "crew audit verify" => {
            "Prueba el diario de este equipo, el registro de un servidor (--from) o un libro entero (--data)"
        }
        "crew audit checkpoint" => "Guarda un sello del registro, para exigirle después que lo continúe",
        "crew audit cosign" => "Firma un sello como testigo, si continúa lo que ya se firmó",
        "crew audit receipt" => "Escribe un archivo que prueba una orden ante terceros, sin nosotros",
        "crew audit receipt-check" => "Comprueba un archivo así, sin red",
        "crew audit diff" => "Qué cambió entre dos momentos",
        "crew audit history" => "Todo lo que le pasó a una orden, en palabras sencillas",
        "crew audit case" => "El expediente de una orden: página para imprimir, JSON o CSV",
        _ => return None,
    };
    Some(text)
}

/// What an argument means. The same name means the same thing in nearly every command.
pub fn arg(path: &str, id: &str) -> Option<&'static str> {
    let own = match (path, id) {
        ("crew enrol", "name") => "Cómo se llama este equipo, o quién lo lleva",
        ("crew device revoke" | "crew device assign", "device") => {
            "El equipo, por nombre, letras o inicio de su identificador"
        }
        ("crew quarantine release" | "crew quarantine dismiss", "device") => {
            "Todo lo retenido de este equipo"
        }
        ("crew person add" | "crew person use" | "crew person remove", "name") => "El nombre de la persona",
        ("crew invite", "crew") => "Clave de la cuadrilla, para el equipo de una cuadrilla",
        ("crew invite" | "crew device assign", "localities") => "Localidad donde trabaja; se puede repetir",
        ("crew import", "file") => "El archivo, YAML o JSON",
        ("crew order list", "crew") => "Solo las de esta cuadrilla",
        ("crew order list", "locality") => "Solo las de esta localidad, por clave o nombre",
        ("crew conflict resolve", "value") => "Escribe este valor",
        ("crew conflict resolve", "reason") => "Por qué",
        ("crew audit verify", "from") => "Revisa el registro de este servidor, o de una copia estática",
        ("crew audit verify", "data") => "Revisa el libro de esta carpeta, sin red",
        ("crew audit verify", "checkpoint") => "Un sello guardado antes: lo que se revisa debe continuarlo",
        ("crew audit checkpoint", "from") => {
            "Pídelo a este servidor o a una copia estática (si falta: el último que vio este equipo)"
        }
        ("crew audit checkpoint", "parted") => {
            "Los dos sellos del último pasado doble que notó este equipo: ARCHIVO.kept y ARCHIVO.shown"
        }
        ("crew audit cosign", "file") => "El sello a firmar (si falta, el último de --from)",
        ("crew audit cosign", "from") => {
            "El servidor, o una copia estática, cuyos datos prueban que continúa lo ya firmado"
        }
        ("crew audit cosign", "key") => "La llave del testigo",
        ("crew audit cosign", "name") => {
            "Nombre del testigo en una llave nueva, por ejemplo contraloria.example/testigo"
        }
        ("crew audit receipt", "from") => {
            "El servidor, o una copia estática, de donde leer el registro (si falta, el de este equipo)"
        }
        ("crew audit receipt", "data") => "Lo hace con el libro de esta carpeta, sin red",
        ("crew audit receipt", "checkpoint") => {
            "El sello al que lleva la prueba, quizá firmado por un testigo (si falta, el último)"
        }
        ("crew audit log" | "crew audit replay" | "crew audit diff", "order") => "Solo esta orden, por folio",
        ("crew audit diff", "from") => "El momento anterior: número del registro, hora (RFC 3339) o día",
        ("crew audit diff", "to") => "El momento posterior",
        ("crew audit diff", "claimed") => "Según lo que dicen las cuadrillas, no cuándo lo supo la oficina",
        ("crew audit replay", "list") => "De todo el municipio, solo lo que muestra una lista",
        ("crew audit case", "html") => "Escribe la página en este archivo",
        ("crew audit case", "csv") => "Escribe la tabla de hechos en este archivo",
        _ => return common(id),
    };
    Some(own)
}

fn common(id: &str) -> Option<&'static str> {
    let text = match id {
        "home" => "Carpeta de este equipo (si no, CUADRILLA_HOME o la de datos del sistema)",
        "json" => "Un solo valor JSON en la salida, nada más",
        "lang" => "Idioma: es, en",
        "help" => "Esta ayuda",
        "version" => "Versión de este programa",
        "url" => "Dirección del servidor, o enlace de invitación, que ya trae el código",
        "pin_file" => "Archivo con el PIN de la persona (si no, CREW_PIN, o se pregunta)",
        "by_pin_file" => "Archivo con el PIN de una persona que ya está",
        "ca" => "Certificado de la autoridad que responde por el servidor (PEM), si el sistema no la conoce",
        "qr" => "Dibujar el enlace como QR aunque no haya terminal",
        "code" => "Código de un solo uso",
        "role" => "Papel: crew (cuadrilla), dispatcher (despacho), supervisor, auditor (contraloría), admin",
        "no_sync" => "No avisar al servidor de inmediato",
        "folio" => "Folio de la orden",
        "kind" => "Tipo de trabajo, por clave o nombre",
        "locality" => "Localidad, por clave o nombre",
        "asset" => "Activo, por clave",
        "crew" => "Clave de la cuadrilla, por ejemplo C-07",
        "title" => "Título corto",
        "fields" => "Un dato del tipo de trabajo, como campo=valor; se puede repetir",
        "description" => "Qué hay que hacer",
        "due" => "Fecha límite, AAAA-MM-DD",
        "priority" => "Prioridad: low (baja), normal, high (alta), urgent (urgente)",
        "plan" => "Programa al que cuenta, por clave",
        "status" => "Solo las que están en este estado",
        "reason" => "Por qué",
        "step" => "El paso",
        "text" => "La nota",
        "what" => "Qué se mide, por ejemplo cloro o ph",
        "value" => "El valor; los decimales después de un punto",
        "unit" => "La unidad, por ejemplo mg/L",
        "place" => "Dónde se tomó",
        "instrument" => "Con qué instrumento",
        "sku" => "Clave del material",
        "qty" => "Cuánto",
        "field" => "El dato, por clave o nombre",
        "item" => "El punto de la lista",
        "undo" => "Quitar la marca",
        "poor_link" => "Mensajes pequeños desde el principio, para mala señal",
        "watch" => "Quedarse, e intercambiar cuando haya novedades",
        "file" => "El archivo",
        "take" => "Toma el valor con este número, como aparece en la lista",
        "device" => "Solo este equipo, por su identificador o sus primeras letras",
        "ids" => "Lo retenido, por el número de la lista",
        "carried" => "De ese equipo, solo lo que otro ya había recogido y respalda",
        "dismissed" => "Lo propio que se desechó, para leerlo y copiarlo",
        "fate" => "Qué fue de él: lost (extraviado), stolen (robado), retired (retirado)",
        "at_seq" => "Como lo conocía la oficina en este número del registro",
        "known_at" => "Como lo conocía la oficina a esta hora (RFC 3339)",
        "claimed_at" => "Como había ocurrido a esta hora, según las cuadrillas (RFC 3339)",
        "out" => "Escríbelo en este archivo (si falta, en la pantalla)",
        "log_verifier" => "Llave del registro (si falta, la que este equipo fijó al registrarse)",
        "witness" => "Exige la firma de este testigo en el sello guardado; se puede repetir",
        "new_key" => "Hace primero esa llave",
        "shell" => "Intérprete: bash, zsh, fish",
        "dir" => "La carpeta para las páginas",
        _ => return None,
    };
    Some(text)
}
