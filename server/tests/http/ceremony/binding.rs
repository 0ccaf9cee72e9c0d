//! A challenge belongs to one tenant, one kind of ceremony, and where it is known, one user.

use doorward_testkit::Person;

use crate::support::{Ceremony, setting, with_challenge};

#[tokio::test]
async fn no_ceremony_ends_another() {
    let (_server, tenant) = setting().await;
    for begun in Ceremony::ALL {
        for ended in Ceremony::ALL.into_iter().filter(|ended| *ended != begun) {
            let name = format!("{}{}", begun.path(), ended.path());
            let mut person = Ceremony::Login.person(&tenant, &name).await;
            let newcomer = Person::new(&format!("{name}2"));
            let (beginner, ender) = (begun.registers(), ended.registers());
            let options = begun.start(&tenant, if beginner { &newcomer } else { &person }).await;
            // The ending ceremony's own response, to the other one's challenge.
            let shape = ended.start(&tenant, if ender { &newcomer } else { &person }).await;
            let crossed = with_challenge(&shape, &options["publicKey"]["challenge"]);
            let body = if ender { Person::new(&name).create(&crossed) } else { person.get(&crossed) };
            let answer = ended.finalize(&tenant, &body).await;
            ended.expect_unknown(&tenant, &answer).await;
            // Whoever tried it used the challenge up.
            let body = if beginner { Person::new(&name).create(&options) } else { person.get(&options) };
            let answer = begun.finalize(&tenant, &body).await;
            begun.expect_unknown(&tenant, &answer).await;
        }
    }
}

#[tokio::test]
async fn no_tenant_ends_anothers_ceremony() {
    let (server, tenant) = setting().await;
    let other = server.tenant().await;
    for ceremony in Ceremony::ALL {
        let mut person = ceremony.person(&tenant, ceremony.path()).await;
        let body = ceremony.begin(&tenant, &mut person).await;
        let answer = ceremony.finalize(&other, &body).await;
        ceremony.expect_unknown(&other, &answer).await;
        let _ = ceremony.finalize(&tenant, &body).await.expect(200);
    }
}

#[tokio::test]
async fn no_user_ends_anothers_ceremony() {
    let (_server, tenant) = setting().await;
    for ceremony in Ceremony::ASSERTIONS {
        let alice = ceremony.person(&tenant, &format!("alice{}", ceremony.path())).await;
        let mut bob = ceremony.person(&tenant, &format!("bob{}", ceremony.path())).await;
        let mut options = ceremony.start(&tenant, &alice).await;
        options["publicKey"].as_object_mut().unwrap().remove("allowCredentials");
        let body = bob.get(&options);
        let answer = ceremony.finalize(&tenant, &body).await;
        assert_eq!(answer.field("title"), "failed to validate assertion");
        let row = ceremony.expect_audited_refusal(&tenant, &answer, 401, "credential_not_allowed").await;
        assert_eq!(row.text("actor_user_id"), Some(bob.user_id.clone()), "whose credential it was");
    }
}

#[tokio::test]
async fn credentials_of_another_tenant_are_not_known() {
    let (server, tenant) = setting().await;
    let other = server.tenant().await;
    for ceremony in Ceremony::ASSERTIONS {
        let name = format!("alice{}", ceremony.path());
        let here = ceremony.person(&tenant, &name).await;
        let mut there = ceremony.person(&other, &name).await;
        let mut options = ceremony.start(&tenant, &here).await;
        options["publicKey"].as_object_mut().unwrap().remove("allowCredentials");
        let body = there.get(&options);
        let answer = ceremony.finalize(&tenant, &body).await;
        let _ = ceremony.expect_audited_refusal(&tenant, &answer, 401, "credential_not_allowed").await;
    }
}

#[tokio::test]
async fn a_credential_registered_after_the_first_step_does_not_end_it() {
    let (_server, tenant) = setting().await;
    for ceremony in Ceremony::ASSERTIONS {
        let person = ceremony.person(&tenant, ceremony.path()).await;
        let mut options = ceremony.start(&tenant, &person).await;
        let mut second = Person::new(&person.user_id);
        let _ = second.register(&tenant).await.expect(200);
        options["publicKey"].as_object_mut().unwrap().remove("allowCredentials");
        let body = second.get(&options);
        let answer = ceremony.finalize(&tenant, &body).await;
        let _ = ceremony.expect_audited_refusal(&tenant, &answer, 401, "credential_not_allowed").await;
    }
}
