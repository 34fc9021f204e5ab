//! A short run: a few small stories hold, a seed is always the same run, and a planted bug is seen.

use simulation::bugs::Bug;
use simulation::plan::{Only, Plan};
use simulation::run::run;

/// Stories that an unoptimised build tells in seconds.
fn small() -> impl Iterator<Item = Plan> {
    (1_000..).map(Plan::of).filter(|plan| plan.phones <= 4 && plan.events.len() <= 120)
}

#[test]
fn a_few_small_stories_hold() {
    for plan in small().take(3) {
        let outcome = run(&plan, &Only::All, None, false);
        assert_eq!(outcome.broken, None, "seed {}", plan.seed);
    }
}

#[test]
fn a_seed_is_always_the_same_run() {
    let plan = small().nth(3).unwrap();
    let (one, other) = (run(&plan, &Only::All, None, true), run(&plan, &Only::All, None, true));
    assert_eq!((one.tally, one.story), (other.tally, other.story));
    assert_eq!((one.ended_ms, one.broken), (other.ended_ms, other.broken));
}

#[test]
fn a_planted_bug_is_seen() {
    let is_seen = |plan: Plan| run(&plan, &Only::All, Some(Bug::ReceiptShifted), false).broken.is_some();
    assert!(small().take(3).any(is_seen));
}

/// Stories that broke something once, as short as they could be made, and what was wrong.
const STORIES: [(u64, &str, &str); 27] = [
    (49, "246,253,306,318,324-325", "a copy that was revoked offered its branch for ever"),
    (49, "246,253,256,270,443,445,450-451", "who carried a branch of a forked chain carried it for ever"),
    (
        45,
        "20,118,120,208,216,404,407",
        "a record made twice, once in a lost life of the ledger, could not be read",
    ),
    (3, "364-374,496-506,518-532,539,584-594", "what was held of an old name left the list with the name"),
    (
        285_239_164,
        "63,119,163,173,196,505,530,574",
        "a copy's branch left the original's list when it was sent again",
    ),
    (449, "448,552,621,797,828", "who was revoked before a lost enrolment came back was not revoked"),
    (
        201,
        "2-8,18-25,58-62,81-83,155-158,232-233,252-254,260-262,271-273,291-293,308-310,314,333-334,539-541",
        "a change that came before what it builds on was applied in the wrong order",
    ),
    (
        237,
        "106,320,391,462,475,477,519,523-524,555,618",
        "own work that had been set aside was counted when it was accepted, but not shown",
    ),
    (
        600_005,
        "415,420,450,454,456,462,1097-1098,1111,1120,1143,1238,1443",
        "after a lost past a revoked copy offered its branch from the middle on, for ever",
    ),
    (
        900_006,
        "132-134,1020,1045,1053,1088-1090,1100,1105,1168,1175-1176,1181",
        "what had waited was judged before its author had its rights back, and stayed held",
    ),
    (
        900_152,
        "10,46,49,51,107,120,139,151,159,163,167,289,295,299,327,329,391,540",
        "what was written under a third name was dated by the second writing",
    ),
    (
        700_060,
        "136-137,140,150,155,178,190,194,201,205,213,300-301,322-323,326,329,346-347",
        "own work that was released within the reply that told its place counted as held back",
    ),
    (
        800_082,
        "130,132,145,151,160,164",
        "a store whose appends had stopped was opened anew one refusal too late",
    ),
    (
        296_127_075,
        "3-20,27-38,45-62,75-98,105-110,117-122,129-134,163-165,178-180,187-189,193-195,202-204,222-224,245-250",
        "a crew took a record's beginning for an entry of a lost past with the same number, and asked for ever",
    ),
    (
        296_127_075,
        "7,90,119,152,228-229,271,273,281,305,319-320",
        "rights given to a device whose enrolment was lost were forgotten when that came back",
    ),
    (
        297_962_165,
        "11-16,41-45,93,112-117,124-129,195-206,237-242,273-278,285-296,309-314,321-332,339-362",
        "an earlier answer to the same request, sent again byte for byte, was counted as foreign",
    ),
    (
        886_435_183,
        "0-36,80-181,193-247,259-379,413-423",
        "a role that a restored server forgot and was given again ended the exchange as one in which nothing moves",
    ),
    (
        500_189,
        "96,100,105-106,119,136,142,302",
        "a device that renewed its key was judged by rules that it could not know",
    ),
    (
        933_652_285,
        "1,222,239,243,311,344,941,1280,1300,1353,1375",
        "a release that was repeated before an exchange wrote the entry again twice",
    ),
    (
        934_490_039,
        "21,23,67,69,145,160,178,183,210,267,311,350,369,371,381,391,410-411",
        "an order stayed on the list after a restored server had lost it",
    ),
    (
        934_490_570,
        "36,42,83,113,116,125,129-130,194,233,284,341,346,354,386",
        "so did one that was repeated after the device had renewed its key",
    ),
    (18, "542,713,725,753,958,1297", "what had been written again was released later, and counted once"),
    (13, "0-92,189-284", "an entry of a second branch was kept under a wrong hash, and never settled"),
    (
        934_490_585,
        "118,197,221,226,228,235,434,446,953,960-961",
        "a revoked copy of a restored server's device needs four replies before it may send",
    ),
    (
        934_490_585,
        "118,197,210,221,226,235,303,307,332,340,430,434,961,1095,1103",
        "a revoked copy offered what it carries again and again",
    ),
    (
        934_490_585,
        "91-108,118-126,208-261,280-281,423-456,466-483,493-497,503-507,522-531,542-546,552-556,562-566,572-573,\
         583-585,591,601-604,615-618,655-675,718-722,990-994,1000-1001,1074-1076,1096-1100",
        "a revoked copy offered again and again what the server had no room for",
    ),
    (
        952_520_689,
        "17,26,34,39,120-121,137,187,225,302,824",
        "a second restore from one backup went unnoticed, and newer rules judged the work of before",
    ),
];

#[test]
fn stories_that_once_broke_something_hold() {
    for (seed, these, what) in STORIES {
        let only = Only::read(these).unwrap();
        let outcome = run(&Plan::of(seed), &only, None, false);
        assert_eq!(outcome.broken, None, "seed {seed}: {what}");
    }
}
