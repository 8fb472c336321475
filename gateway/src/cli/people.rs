//! `nsk user …`: the people who may sign in. Passwords come from standard input, never from the
//! command line.

use super::arguments::{AddArgs, ListArgs, PasswdArgs, Place, UserCommand};
use super::serve::{block_on, config_of};
use super::terminal::{Done, Terminal};
use crate::auth::password::{self, PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN};
use crate::auth::signin::{LOGIN_BYTES_MAX, login_of};
use crate::error::Trouble;
use crate::serve::directory;
use actors::clock::{SystemClock, SystemIds};
use actors::ports::{Clock, IdSource};
use engine::PersonId;
use entities::{PEOPLE_MAX, Person, Store, StoreError};
use rustix::termios::{LocalModes, OptionalActions, isatty, tcgetattr, tcsetattr};
use std::io::{BufRead, Read};

/// Longest name, characters.
const NAME_CHARS_MAX: usize = 200;

pub(super) fn run(command: UserCommand, terminal: &mut Terminal<'_>) -> Done {
    match command {
        UserCommand::Add(args) => add(args, terminal),
        UserCommand::List(args) => list(args, terminal),
        UserCommand::Passwd(args) => passwd(args, terminal),
    }
}

fn add(args: AddArgs, terminal: &mut Terminal<'_>) -> Done {
    let login = login_of(&args.login);
    let sound = |text: &str, max: usize| {
        !text.trim().is_empty() && text.chars().count() <= max && !text.contains(char::is_control)
    };
    if !sound(&login, LOGIN_BYTES_MAX) || login.contains(char::is_whitespace) {
        return Err(Trouble::new(format!("`{login}` cannot be a login"))
            .remedy("give letters, digits and signs without spaces"));
    }
    if !sound(&args.name, NAME_CHARS_MAX) {
        return Err(Trouble::new("the name is empty or too long")
            .remedy("give the full name, as protocols print it"));
    }
    let hash = hashed(&ask(terminal)?)?;
    let shown = login.clone();
    let id = on_store(&args.place, async move |store| {
        let taken = store.person_by_login(&login).await?.is_some();
        let id = match args.id {
            Some(id) => PersonId(id),
            None => store.next_person_id().await?,
        };
        // Putting a person replaces the one with the same number: adding must not.
        if taken || store.person(id).await?.is_some() {
            return Err(StoreError::Taken(if taken { "the login" } else { "the number" }));
        }
        let person = Person {
            id,
            login,
            name: args.name,
            password_hash: hash,
            roles: args.roles,
            personnel_no: Some(args.personnel_no).filter(|n| !n.is_empty()),
            active: true,
            made_at: SystemClock.now(),
        };
        store.put_person(&person).await.map(|()| id)
    })?;
    let word = terminal.pick("добавлен", "added");
    terminal.say(format_args!("{word} {id} {shown}"));
    Ok(0)
}

fn passwd(args: PasswdArgs, terminal: &mut Terminal<'_>) -> Done {
    let login = login_of(&args.login);
    let hash = hashed(&ask(terminal)?)?;
    let shown = login.clone();
    let known = on_store(&args.place, async move |store| {
        let Some(mut person) = store.person_by_login(&login).await? else { return Ok(false) };
        person.password_hash = hash;
        store.put_person(&person).await.map(|()| true)
    })?;
    if !known {
        return Err(Trouble::new(format!("there is nobody with the login `{shown}`"))
            .remedy("`nsk user list` shows everybody"));
    }
    let word = terminal.pick("пароль изменён", "password changed");
    terminal.say(format_args!("{word}: {shown}"));
    Ok(0)
}

fn list(args: ListArgs, terminal: &mut Terminal<'_>) -> Done {
    let place = config_of(&args.place)?.store;
    let people = block_on(async move {
        let store = directory::look(&place).await?;
        store.people(PEOPLE_MAX).await.map_err(|e| directory::store_trouble(&place.data, &e))
    })?;
    if args.json {
        let shown: Vec<_> = people
            .iter()
            .map(|p| {
                serde_json::json!({
                    "id": p.id, "login": p.login, "name": p.name, "roles": p.roles,
                    "personnel_no": p.personnel_no, "active": p.active,
                })
            })
            .collect();
        return terminal.json(&shown);
    }
    for person in people {
        let off = if person.active { "" } else { terminal.pick(" (закрыт)", " (closed)") };
        let (id, login, roles) = (person.id, &person.login, person.roles.join(", "));
        terminal.say(format_args!("{id:>6}  {login:<20} {roles:<24} {}{off}", person.name));
    }
    Ok(0)
}

/// Does something with the store of a place; the server must not run meanwhile.
pub(super) fn on_store<T>(
    place: &Place,
    work: impl AsyncFnOnce(&Store) -> Result<T, StoreError>,
) -> Result<T, Trouble> {
    let place = config_of(place)?.store;
    block_on(async move {
        let (store, dir) = (directory::open(&place).await?, &place.data);
        let result = work(&store).await.map_err(|e| match e {
            StoreError::Taken(what) => Trouble::new(format!("{what} is taken"))
                .remedy("`nsk user list` shows everybody; choose another"),
            other => directory::store_trouble(dir, &other),
        });
        store.close().await.map_err(|e| directory::store_trouble(dir, &e))?;
        result
    })
}

pub(super) fn hashed(password: &str) -> Result<String, Trouble> {
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return Err(Trouble::new("the password is too short")
            .remedy(format!("give at least {PASSWORD_CHARS_MIN} characters")));
    }
    password::hash(password, SystemIds.salt()).map_err(|_| {
        Trouble::new("the password is too long")
            .remedy(format!("give at most {PASSWORD_BYTES_MAX} bytes"))
    })
}

/// The password: one line of standard input, without echo when a person types it.
pub(super) fn ask(terminal: &mut Terminal<'_>) -> Result<String, Trouble> {
    let stdin = std::io::stdin();
    let typed = isatty(&stdin);
    if typed {
        terminal.note(terminal.pick("пароль (не виден):", "password (not shown):"));
    }
    let _hidden = typed.then(|| Hidden::new().ok()).flatten();
    let mut line = String::new();
    let limit = PASSWORD_BYTES_MAX as u64 + 2;
    std::io::BufReader::new(stdin.lock().take(limit))
        .read_line(&mut line)
        .map_err(|e| Trouble::new(format!("the password cannot be read: {e}")))?;
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}

/// A terminal that does not show what is typed, until dropped.
struct Hidden(rustix::termios::Termios);

impl Hidden {
    fn new() -> rustix::io::Result<Hidden> {
        let before = tcgetattr(std::io::stdin())?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(std::io::stdin(), OptionalActions::Flush, &hidden)?;
        Ok(Hidden(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // If this fails the shell sets it right.
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Flush, &self.0);
    }
}
