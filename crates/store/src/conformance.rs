//! The semantics of every store, as tests.
//!
//! A store's crate names a [`Harness`] in one line: `steadflow_store::conformance_tests!(Temporary::new());`. Each test
//! makes a harness of its own, thus a database of its own. The crate needs tokio with `macros` and `rt` for its tests.

pub mod alerts;
pub mod audit;
pub mod blobs;
pub mod catalogue;
pub mod events;
pub mod grants;
pub mod health;
pub mod history;
pub mod identities;
pub mod invitations;
pub mod keys;
pub mod log;
pub mod notes;
pub mod oauth;
pub mod passkeys;
mod samples;
pub mod schedules;
pub mod secrets;
pub mod sessions;
pub mod subjects;
pub mod tenants;
pub mod webhooks;

use std::future::Future;

use crate::{Commit, Committed, Store, Stored, Worker};

/// One database, opened as often as a test likes.
pub trait Harness: Send + Sync {
    /// The store under test.
    type Store: Store;

    /// Opens the database, which is empty the first time. No handle to it is open.
    fn open(&self) -> impl Future<Output = Self::Store> + Send;
}

/// Makes one test of each conformance case. Takes an expression for a new [`Harness`].
#[macro_export]
macro_rules! conformance_tests {
    ($harness:expr) => {
        $crate::conformance_tests! { @module $harness, leases = log::leases:
            epochs_only_grow
            a_worker_is_fenced_when_another_registers_after_its_lease_ended
            a_live_worker_is_not_fenced_by_another
            a_renewal_outlives_the_first_end
            an_expired_lease_can_be_renewed_until_another_worker_takes_over
            a_released_worker_writes_nothing_more
            a_fenced_batch_writes_nothing
            a_fenced_worker_recovers_and_takes_nothing
        }
        $crate::conformance_tests! { @module $harness, commits = log::commits:
            answers_keep_the_order_of_the_batch
            an_empty_batch_is_harmless
            a_write_that_is_refused_for_ever_is_named_so_and_undone
            the_tail_alone_is_readable_and_in_no_list
            a_shown_row_is_listed_as_it_was_last_shown
            a_projection_without_a_record_changes_only_the_row
            a_snapshot_covers_its_records_and_the_tail_goes_on_above_it
            a_parked_execution_is_readable
            a_finished_execution_is_readable_and_whole
            a_finished_execution_never_changes
            every_field_of_a_row_survives
            commits_survive_reopening
            a_large_batch_is_written_whole
        }
        $crate::conformance_tests! { @module $harness, long_records = log::long_records:
            long_records_are_read_from_the_tail
            long_records_are_read_from_a_snapshot_and_above_it
            long_records_of_a_parked_execution_are_taken_with_it
            long_records_of_an_ended_execution_are_read_and_counted
            long_records_are_recovered_after_reopening
            a_long_acceptance_alone_is_counted_as_a_slot
            a_skipped_or_refused_commit_stores_no_long_record
            long_records_are_deleted_with_their_execution
            long_records_are_deleted_with_their_flow
        }
        $crate::conformance_tests! { @module $harness, blobs = blobs:
            references_are_kept_counted_and_found
            a_deleted_execution_is_named_until_its_blobs_are_forgotten
        }
        $crate::conformance_tests! { @module $harness, idempotency = log::idempotency:
            a_key_is_used_once
            a_key_occurs_twice_in_one_batch
            a_hit_leaves_the_rest_of_the_batch_alone
            a_key_is_scoped_by_its_tenant
            a_key_survives_reopening
            a_fenced_batch_uses_no_key
        }
        $crate::conformance_tests! { @module $harness, recovery = log::recovery:
            an_execution_that_was_only_accepted_is_recovered
            records_come_back_in_order_above_a_snapshot
            parked_and_finished_executions_are_not_recovered
            what_a_worker_has_handed_on_is_not_recovered_from_it
            executions_of_a_live_worker_are_left_to_it
            executions_of_a_fenced_worker_change_hands
            executions_of_a_released_worker_change_hands_at_once
            recovery_fences_workers_whose_lease_has_ended
            a_worker_does_not_fence_itself
            recovery_is_limited_to_the_oldest
            recovering_again_returns_what_has_become_free_since
            a_taken_execution_is_recovered_when_its_worker_dies
            recovery_works_after_reopening
        }
        $crate::conformance_tests! { @module $harness, parking = log::parking:
            due_executions_come_earliest_first
            due_executions_are_read_in_parts
            a_parked_execution_without_a_time_is_never_due
            a_parked_execution_is_taken_once
            an_execution_parked_again_is_due_again
            finished_and_unknown_executions_cannot_be_taken
            queued_executions_keep_the_order_of_their_acceptance
            queued_executions_come_in_parts
            an_execution_that_left_the_queue_is_not_queued
            slots_count_what_has_started_and_not_ended
            slots_count_what_only_the_tail_knows
            slots_come_in_parts
            slots_and_queued_executions_know_their_keys
            parking_survives_reopening
        }
        $crate::conformance_tests! { @module $harness, inbox = log::inbox:
            inputs_are_read_oldest_first
            inputs_of_another_workers_executions_are_not_read
            inputs_follow_their_execution_to_its_next_worker
            an_input_for_a_finished_execution_is_dropped
            a_commit_takes_an_input_and_sends_others
            a_commit_without_a_record_takes_and_sends_too
            a_commit_that_takes_a_deleted_input_changes_nothing
            what_follows_from_a_skipped_commit_is_skipped
            an_input_that_starts_an_execution_starts_it_once
            an_input_that_another_worker_took_is_deleted
            a_commit_that_is_refused_takes_and_sends_nothing
            discarded_inputs_are_deleted
            the_inbox_survives_reopening
        }
        $crate::conformance_tests! { @module $harness, budgets = log::budgets:
            draws_never_pass_the_budget
            costs_are_drawn_like_tokens
            draws_at_once_share_what_there_is
            what_is_not_used_is_there_again
            each_day_tenant_and_agent_has_its_own
            draws_survive_reopening_and_old_days_are_deleted
            what_is_drawn_goes_with_the_agent
        }
        $crate::conformance_tests! { @module $harness, retention = history::retention:
            what_has_ended_for_long_is_deleted
            what_has_not_ended_is_never_deleted
            each_status_and_flow_has_its_own_time
            what_was_deleted_is_not_counted
            deletions_survive_reopening
            without_retention_everything_is_kept
        }
        $crate::conformance_tests! { @module $harness, lists = history::lists:
            a_row_is_read_by_its_id
            executions_are_listed_newest_first
            pages_follow_each_other_without_gap_or_repeat
            a_filter_by_tenant
            a_filter_by_flow
            a_filter_by_fork
            a_filter_by_context
            a_filter_by_lineage
            children_of_a_node_are_listed_in_the_order_of_its_items
            a_filter_by_statuses
            a_filter_by_retrying
            a_filter_by_what_is_waited_for
            a_filter_by_error_class
            a_filter_by_failed_node
            a_filter_by_fingerprint
            a_filter_by_what_came_after
            a_filter_by_time_includes_its_begin_and_excludes_its_end
            a_filter_by_text_looks_into_ids_contexts_and_errors
            a_filter_by_text_takes_wildcards_literally
            filters_add_up
            retries_are_listed_oldest_first
            executions_are_counted_by_status
        }
        $crate::conformance_tests! { @module $harness, analytics = history::analytics:
            failures_are_grouped_by_flow_and_fingerprint
            failures_say_how_many_were_retried_and_recovered
            failures_are_limited_to_the_largest_groups
            failures_are_filtered
            failures_are_counted_over_time_in_the_same_spans
            failures_are_counted_over_the_time_that_is_asked_for
            a_failure_group_names_its_newest_executions
            counters_add_up_by_what_they_count
            counters_add_up_over_time
            counters_are_filtered
            times_of_calls_add_up_by_model_and_agent
            those_that_fail_most_are_listed_and_the_others_are_counted
            counters_survive_reopening
        }
        $crate::conformance_tests! { @module $harness, costs = history::costs:
            costs_add_up_by_currency_flow_agent_and_model
            costs_are_filtered
            the_most_expensive_are_listed_and_the_others_are_counted
            costs_add_up_by_day_and_model
            costs_beyond_all_numbers_are_the_largest_one
            costs_stay_when_the_store_is_reopened_and_their_flow_is_deleted
        }
        $crate::conformance_tests! { @module $harness, flows = catalogue::flows:
            a_new_flow_is_its_first_version
            a_new_document_makes_a_new_version
            a_new_status_makes_no_new_version
            a_change_of_another_version_or_status_is_a_conflict
            a_change_of_nothing_there_is_none
            flows_are_listed_newest_first
            flows_are_filtered
            a_flow_is_in_a_folder_until_it_is_moved
            lists_are_narrowed_to_folders
            pages_of_large_flows_and_versions_are_short
            a_deleted_flow_takes_everything_with_it
            flows_survive_reopening
        }
        $crate::conformance_tests! { @module $harness, agents = catalogue::agents:
            an_agent_is_stored_changed_and_deleted
            only_a_new_document_makes_a_new_version_of_an_agent
            a_change_of_another_version_of_an_agent_is_a_conflict
            agents_survive_reopening
            calls_of_an_agent_are_counted_until_it_is_deleted
            agents_are_listed_newest_first
            agents_are_filtered_and_counted
            pages_of_large_agents_and_versions_are_short
            several_agents_are_read_at_once
        }
        $crate::conformance_tests! { @module $harness, flow_drafts = catalogue::drafts:
            a_draft_replaces_the_one_that_it_was_made_from
            a_draft_ends_when_it_is_saved_discarded_or_its_flow_is_deleted
            flows_with_a_draft_are_marked
        }
        $crate::conformance_tests! { @module $harness, presence = catalogue::presence:
            tabs_of_a_flow_see_each_other_until_they_end_or_are_not_heard_of
            nobody_sees_who_has_a_flow_of_another_tenant_open
            a_flow_has_a_number_of_tabs
        }
        $crate::conformance_tests! { @module $harness, edits = catalogue::edits:
            edits_are_listed_in_their_order
        }
        $crate::conformance_tests! { @module $harness, schedules = schedules:
            schedules_are_kept_by_flow_and_node
            schedules_go_with_their_flow
            flows_with_a_schedule_are_found
        }
        $crate::conformance_tests! { @module $harness, events = events:
            events_are_kept_until_they_are_delivered_and_listed
            an_event_with_a_known_key_is_not_stored
            a_wait_finds_the_first_event_that_ends_it
            an_event_finds_the_waits_that_it_ends
            old_events_and_waits_of_what_has_ended_are_deleted
        }
        $crate::conformance_tests! { @module $harness, alerts = alerts:
            alerts_are_kept_changed_and_deleted
            a_group_has_one_message_in_a_time_and_the_next_stands_for_the_rest
            a_group_has_no_second_message_while_one_is_to_be_sent
            an_alert_that_is_switched_off_sends_nothing
            what_a_clock_that_was_ahead_has_said_is_not_waited_for
            a_message_is_sent_again_until_it_has_ended
            who_has_sent_a_message_is_believed_also_when_another_one_sends_it
            messages_of_alerts_that_are_left_out_are_not_taken
            what_ended_is_counted_by_minute_for_a_day
            what_was_noted_is_noted_again_when_that_was_forgotten
        }
        $crate::conformance_tests! { @module $harness, keys = keys:
            the_first_key_of_a_purpose_is_kept_until_it_is_replaced
        }
        $crate::conformance_tests! { @module $harness, invitations = invitations:
            an_invitation_is_accepted_once
            an_invitation_sets_a_new_password
            one_first_admin_is_invited
        }
        $crate::conformance_tests! { @module $harness, identities = identities:
            identities_survive_reopening
            an_email_belongs_to_one_person
            the_last_admin_stays
            an_admin_is_a_person_or_a_key
            keys_are_counted_and_deleted
            credentials_stand_for_who_has_them
            uses_are_stored
            a_credential_of_a_disabled_principal_stands_for_nothing
            a_credential_of_a_disabled_tenant_stands_for_nothing
            sign_ins_end_with_a_password_or_role
            sign_ins_are_limited_and_deleted
        }
        $crate::conformance_tests! { @module $harness, grants = grants:
            roles_in_folders_limit_keys_and_end_no_sign_in
        }
        $crate::conformance_tests! { @module $harness, passkeys = passkeys:
            passkeys_are_counted_used_once_and_deleted
        }
        $crate::conformance_tests! { @module $harness, subjects = subjects:
            a_subject_of_a_provider_is_one_person_and_each_attempt_counts_once
            an_invitation_is_accepted_by_who_a_provider_says
        }
        $crate::conformance_tests! { @module $harness, audit = audit:
            what_was_audited_is_one_chain_for_each_tenant
            the_log_is_read_forwards_and_backwards_in_parts
        }
        $crate::conformance_tests! { @module $harness, secrets = secrets:
            a_secret_is_kept_replaced_and_deleted
            a_tenant_has_so_many_secrets_and_no_more
            a_tenant_replaces_and_deletes_no_secret_of_another
            data_keys_are_kept_and_replaced_together
            each_change_of_a_secret_is_noticed_where_several_processes_make_them
        }
        $crate::conformance_tests! { @module $harness, oauth = oauth:
            tokens_are_replaced_by_who_has_claimed_them
            tokens_end_with_their_secret
            an_authorization_is_finished_once
        }
        $crate::conformance_tests! { @module $harness, webhooks = webhooks:
            of_all_active_flows_one_has_the_path_of_a_webhook
            a_path_leads_to_the_active_flow_or_else_to_a_paused_one
        }
        $crate::conformance_tests! { @module $harness, sessions = sessions:
            a_session_has_one_writer_until_it_leaves
            a_turn_is_added_with_the_commit_and_read_by_the_next
            the_oldest_turns_are_left_out
            a_turn_of_a_commit_that_is_not_written_is_not_there
            a_summary_stands_for_the_turns_that_fall_out
            the_summary_of_a_turn_is_found_by_its_number
            who_does_not_have_a_session_adds_no_summary
            summaries_are_deleted_with_their_session
            who_does_not_have_a_session_adds_nothing_to_it
            only_who_drives_an_execution_takes_a_session_for_it
            a_session_outlives_the_worker_and_is_taken_again
            who_interrupts_sends_that_to_the_one_that_has_the_session
            only_the_last_turn_is_written_again
            sessions_are_listed_in_parts_the_last_used_first
            a_session_that_nobody_has_is_deleted
            sessions_that_are_not_used_are_deleted
            sessions_are_deleted_with_their_agent
        }
        $crate::conformance_tests! { @module $harness, tenants = tenants:
            a_tenant_sees_nothing_of_another
            what_a_tenant_stores_adds_nothing_to_what_another_sees
            a_tenant_changes_and_deletes_nothing_of_another
            a_tenant_is_changed_and_disabled_before_it_is_deleted
            everything_of_a_tenant_is_paused_and_resumed_once
            what_a_tenant_may_use_and_uses_is_known
        }
        $crate::conformance_tests! { @module $harness, notes = notes:
            notes_are_changed_together_or_not_at_all
            notes_are_kept_by_owner_and_name_and_have_a_number
            notes_of_a_principal_are_deleted_with_it
        }
        $crate::conformance_tests! { @module $harness, health = health:
            a_healthy_store_has_no_findings
            a_closed_store_refuses
        }
    };
    (@module $harness:expr, $module:ident = $($path:ident)::+: $($name:ident)*) => {
        mod $module {
            #[allow(unused_imports, clippy::allow_attributes, reason = "the harness may be defined in the parent module or not")]
            use super::*;
            use $crate::conformance::$($path)::+ as cases;

            $(
                #[tokio::test]
                async fn $name() {
                    let harness = $harness;

                    cases::$name(&harness).await;
                }
            )*
        }
    };
}

/// Closes the store and opens it again.
async fn reopened<H: Harness>(harness: &H, store: H::Store) -> H::Store {
    store.close().await.expect("an open store closes");
    drop(store);
    harness.open().await
}

/// Releases `worker`, and returns what it drove: a successor recovers it.
async fn orphaned(store: &impl Store, worker: Worker) -> Vec<Stored> {
    store.release(worker).await.expect("a lease is released");
    let successor = self::worker(store).await;
    store.recover(successor, samples::at(0), 10_000).await.expect("a recovery")
}

/// Registers a worker whose lease ends long after every moment of these tests.
async fn worker(store: &impl Store) -> Worker {
    store.register("worker".into(), samples::at(0), samples::HOUR).await.expect("a worker registers")
}

/// Commits a batch that must succeed.
async fn commit(store: &impl Store, worker: Worker, batch: impl Into<Vec<Commit>>) -> Vec<Committed> {
    store.commit(worker, batch.into()).await.expect("a batch commits")
}
