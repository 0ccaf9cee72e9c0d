//! A challenge is bound to one tenant, one ceremony and, if the user is known, to one user.

use doorward_testkit::Person;

use crate::support::{Ceremony, server_with_tenant, with_challenge};

#[tokio::test]
async fn challenge_of_another_ceremony_is_unknown_and_consumed() {
    let (_server, tenant) = server_with_tenant().await;
    for begun in Ceremony::ALL {
        for ended in Ceremony::ALL.into_iter().filter(|ended| *ended != begun) {
            let name = format!("{}{}", begun.path(), ended.path());
            let mut person = Ceremony::Login.person(&tenant, &name).await;
            let newcomer = Person::new(&format!("{name}2"));
            let (first_registers, second_registers) = (begun.registers(), ended.registers());
            let options = begun.start(&tenant, if first_registers { &newcomer } else { &person }).await;
            // The finalize body is valid for the second ceremony, but it contains the challenge of the first one.
            let shape = ended.start(&tenant, if second_registers { &newcomer } else { &person }).await;
            let crossed = with_challenge(&shape, &options["publicKey"]["challenge"]);
            let body = if second_registers { Person::new(&name).create(&crossed) } else { person.get(&crossed) };
            let response = ended.finalize(&tenant, &body).await;
            ended.expect_unknown(&tenant, &response).await;
            // The attempt has consumed the challenge.
            let body = if first_registers { Person::new(&name).create(&options) } else { person.get(&options) };
            let response = begun.finalize(&tenant, &body).await;
            begun.expect_unknown(&tenant, &response).await;
        }
    }
}

#[tokio::test]
async fn challenge_of_another_tenant_is_unknown_and_kept() {
    let (server, tenant) = server_with_tenant().await;
    let other = server.tenant().await;
    for ceremony in Ceremony::ALL {
        let mut person = ceremony.person(&tenant, ceremony.path()).await;
        let body = ceremony.begin(&tenant, &mut person).await;
        let response = ceremony.finalize(&other, &body).await;
        ceremony.expect_unknown(&other, &response).await;
        let _ = ceremony.finalize(&tenant, &body).await.expect(200);
    }
}

#[tokio::test]
async fn credential_of_another_user_is_rejected() {
    let (_server, tenant) = server_with_tenant().await;
    for ceremony in Ceremony::ASSERTIONS {
        let alice = ceremony.person(&tenant, &format!("alice{}", ceremony.path())).await;
        let mut bob = ceremony.person(&tenant, &format!("bob{}", ceremony.path())).await;
        let mut options = ceremony.start(&tenant, &alice).await;
        options["publicKey"].as_object_mut().unwrap().remove("allowCredentials");
        let body = bob.get(&options);
        let response = ceremony.finalize(&tenant, &body).await;
        assert_eq!(response.field("title"), "failed to validate assertion");
        let entry = ceremony.expect_audited_refusal(&tenant, &response, 401, "credential_not_allowed").await;
        assert_eq!(entry.text("actor_user_id"), Some(bob.user_id.clone()), "the owner of the credential");
    }
}

#[tokio::test]
async fn credential_of_another_tenant_is_rejected() {
    let (server, tenant) = server_with_tenant().await;
    let other = server.tenant().await;
    for ceremony in Ceremony::ASSERTIONS {
        let name = format!("alice{}", ceremony.path());
        let here = ceremony.person(&tenant, &name).await;
        let mut there = ceremony.person(&other, &name).await;
        let mut options = ceremony.start(&tenant, &here).await;
        options["publicKey"].as_object_mut().unwrap().remove("allowCredentials");
        let body = there.get(&options);
        let response = ceremony.finalize(&tenant, &body).await;
        let _ = ceremony.expect_audited_refusal(&tenant, &response, 401, "credential_unknown").await;
    }
}

#[tokio::test]
async fn credential_registered_after_the_first_step_is_rejected() {
    let (_server, tenant) = server_with_tenant().await;
    for ceremony in Ceremony::ASSERTIONS {
        let person = ceremony.person(&tenant, ceremony.path()).await;
        let mut options = ceremony.start(&tenant, &person).await;
        let mut second = Person::new(&person.user_id);
        let _ = second.register(&tenant).await.expect(200);
        options["publicKey"].as_object_mut().unwrap().remove("allowCredentials");
        let body = second.get(&options);
        let response = ceremony.finalize(&tenant, &body).await;
        let _ = ceremony.expect_audited_refusal(&tenant, &response, 401, "credential_not_allowed").await;
    }
}
