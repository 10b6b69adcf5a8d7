//! What the runner must not let pass: scenarios that are wrong, each with its line and what is said of it. A runner that cannot fail is
//! worth nothing.

use super::files::check;

/// Ann and Ben are online, and Ann is in `c1` with the customer. The next line is the tenth.
const BEGINNING: &str = "A scenario.\nrules: INV-3\nagent ann, 2 units\nagent ben\nat 0s\n\
                         ann and ben come online\na chat c1 comes to agent ann\nann sees invite c1\nann accepts c1\n";

/// Plays the beginning and then these lines.
fn go_on(lines: &str) -> Result<String, String> {
    check(&format!("{BEGINNING}{lines}\n"))
}

#[track_caller]
fn fails(lines: &str, expected: &str) {
    let why = go_on(lines).expect_err("it is wrong");
    assert!(why.starts_with(expected), "{why}");
}

#[test]
fn the_beginning_is_right() {
    go_on("c1 is with ann\nann holds 1 of 2").expect("all of it is so");
}

#[test]
fn a_wrong_expectation_fails_at_its_line() {
    fails("c1 is with ann\nann holds 2 of 2", "11: what ann holds should be (2, 2) and is (1, 2)");
    fails("c1 is with ben", "10: c1 is with should be [\"ben\"] and is [\"ann\"]");
    fails("c1 is with ann and ben", "10: c1 is with should be");
    fails("c1 waits", "10: c1 should be Waiting and is Active");
    fails("c1 is over", "10: c1 should be Ended and is Active");
    fails("c1 is inactive", "10: c1 should be Inactive and is Active");
    fails("c1 came by BUTTON_SKILLS", "10: c1 came by should be");
    fails("ann is IDLE", "10: ann should be \"IDLE\" and is \"ENGAGED\"");
    fails("ann holds 1 of 2, 1 by wrap-up c1", "10: what ann holds should be [\"1 by wrap-up c1\"]");
    fails("queue help has c1 waiting", "10: what waits in help should be");
    fails("ann gets nothing because NOT_ONLINE", "10: ann should be \"NOT_ONLINE\" and is \"UNSPECIFIED\"");
    fails("a chat to agent ben would go to ann", "10: who would get it should be");
    fails("a chat to agent ben would wait", "10: who would get it should be");
    fails("the customer reads in c1, ann leaves", "10: the log should be");
    fails("the customer reads in c1", "10: the log should be");
    fails("the events of c1 are ConversationCreated", "10: the events should be");
    fails("c1 was offered to ben", "10: to whom it was offered should be [\"ben\"] and is [\"ann\"]");
    fails("ann is kept for c1", "10: who is kept for c1 should be");
    fails("ann has records \"A\" in c1", "10: ann has should be");
}

#[test]
fn what_is_required_now_is_compared() {
    let beginning =
        "A title.\nrules: SKL-2\nskill french\nagent ann\nat 0s\na chat c1 comes to skills french 5\n";
    let of = |line: &str| check(&format!("{beginning}{line}\n"));
    of("c1 needs french 5.00").expect("it is so");
    let why = of("c1 needs french 4.99").expect_err("it is not so");
    assert!(
        why.starts_with("7: what c1 needs should be {\"french 4.99\"} and is {\"french 5.00\"}"),
        "{why}"
    );
}

#[test]
fn what_was_told_and_no_line_expects_fails() {
    fails("a chat c2 comes to agent ben", "10: ben sees `invite c2` at 0s, which no line expects");
    let passed_over = "a chat c2 comes to agent ann\na chat c3 comes to agent ann\nann sees invite c3";
    fails(passed_over, "12: ann should see `invite c3` at 0s and sees `invite c2` at 0s");
}

#[test]
fn what_a_line_expects_and_was_not_told_fails() {
    fails("ben sees invite c1", "10: ben does not see `invite c1`");
    fails(
        "ann sees c1 revoked\na chat c2 comes to agent ann\nann sees invite c2",
        "10: ann should see `c1 revoked`",
    );
}

#[test]
fn what_is_told_at_another_second_fails() {
    let late = "a chat c2 comes to agent ben\nat 1s ben sees invite c2";
    fails(late, "11: ben should see `invite c2` at 1s and sees `invite c2` at 0s");
}

#[test]
fn a_refusal_that_nobody_expects_fails_and_so_does_one_that_does_not_come() {
    fails("ann leaves c1", "10: it is refused: LAST_AGENT_MUST_END");
    fails(
        "ann ends c1, refused: LAST_AGENT_MUST_END",
        "10: it should be refused with LAST_AGENT_MUST_END and is done",
    );
    fails(
        "ann leaves c1, refused: NOT_A_PARTICIPANT",
        "10: it should be refused with NOT_A_PARTICIPANT and is with",
    );
    let field = "the customer writes \"x\" 40000 times in c1, refused: INVALID_FIELDS at customer_id";
    fails(field, "10: the fields should be customer_id: INVALID_FIELDS at text");
}

#[test]
fn a_line_that_is_not_understood_fails() {
    fails("ann juggles c1", "10: `juggles` is not");
    fails("ann accepts c7", "10: there is no conversation `c7`");
    fails("zoe accepts c1", "10: there is no agent `zoe`");
    fails("ann accepts c1 quickly", "10: Word(\"quickly\") is one word too many");
    fails("ann accepts c1, quickly", "10: `quickly` is not");
    fails("a chat c2 comes to agent ann, priority 1, priority 2", "10: `priority <number>` is said twice");
    fails("ann accepts c1,", "10: there is nothing between two commas");
    fails("the customer writes \"hello in c1", "10: a text has no end");
    fails("a chat c1 comes to agent ann", "10: the conversation `c1` is there already");
    fails("a chat c2 comes to skill klingon", "10: there is no skill `klingon`");
    fails("a chat winner comes to agent ann", "10: `winner` cannot be a name");
    fails("at soon ann ends c1", "10: `soon` is not a time");
    fails("at 5s c1 is with ann\nat 4s c1 is with ann", "11: 4s is before what stands above");
    fails("agent zoe", "10: there is no agent `agent`");
    fails("a chat c2 comes to agent ann, mode SIDEWAYS", "10: `SIDEWAYS` is no mode");
    fails("ann is Idle", "10: `Idle` is not `cut`");
}

#[test]
fn a_file_that_is_no_scenario_fails() {
    let of = |text: &str| check(text).expect_err("it is wrong");
    assert_eq!(of("# nothing\n"), "1: there is no title");
    assert_eq!(of("A title.\nagent ann\n"), "2: `rules:` is missing");
    assert_eq!(of("A title.\nrules: INV-1\nagent ann\n"), "3: nothing happens");
    assert!(of("A title.\nrules: INV-1\nann comes online\n").starts_with("3: "));
    let dangling = of("A title.\nrules: INV-1\nagent ann, unknown skill juggling\nat 0s\nann comes online\n");
    assert!(dangling.starts_with("1: the directory: DIRECTORY_INVALID"), "{dangling}");
}

#[test]
fn who_opts_out_is_not_listened_to() {
    go_on("a chat c2 comes to agent ben\nnever mind what ben sees").expect("nobody cares");
}

#[test]
fn a_repeat_of_what_was_never_done_fails() {
    fails("again: ann ends c1", "10: nothing of the kind was done before");
}

#[test]
fn who_is_cut_off_unexpectedly_fails() {
    fails("ann comes online", "10: ann sees `cut off with SESSION_FENCED`, which no line expects");
    fails("ann is cut off with SESSION_FENCED", "10: ann does not see `cut off with SESSION_FENCED`");
}
