//! The numbered errors of the reference that files can cause (spec 2.3). Scripts match on these numbers,
//! so they never change.

/// A numbered error: what the API answers when a check of that kind fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorId {
    /// Stable number.
    pub id: u16,
    /// HTTP status it is answered with.
    pub status: u16,
    /// General text; the detail goes beside it.
    pub message: &'static str,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $status:literal, $message:literal;)*) => {
        $($(#[$doc])* pub const $name: ErrorId = ErrorId { id: $id, status: $status, message: $message };)*
        /// Every error of this table, in ascending order of its number.
        pub const ALL: &[ErrorId] = &[$($name),*];
    };
}

ids! {
    /// An environment of that name exists and the import was not forced.
    ENVIRONMENT_EXISTS = 17, 403, "environment already exists";
    /// The environment's name breaks the pattern.
    INVALID_ENVIRONMENT = 24, 400, "Invalid environment";
    /// A pipeline or action parameter has the type `password`.
    NO_PASSWORD_PARAMETER = 57, 403, "usage of 'password' parameter is not allowed";
    /// An application of that name exists and the import was not forced.
    APPLICATION_EXISTS = 69, 403, "application already exists";
    /// General validation failure; the detail says what.
    WRONG_REQUEST = 74, 400, "wrong request";
    /// A workflow of that name exists and the import was not forced.
    ALREADY_EXISTS = 75, 403, "already exists";
    /// Wraps any failure of a pipeline's first import.
    INVALID_PIPELINE = 86, 400, "Invalid pipeline";
    /// A pipeline of that name exists and the import was not forced.
    PIPELINE_EXISTS = 88, 403, "Pipeline already exists";
    /// A reference to a node is broken.
    INVALID_NODE_REFERENCE = 95, 400, "Invalid workflow";
    /// The workflow is empty or its parts do not decode.
    INVALID_WORKFLOW = 96, 400, "Invalid workflow";
    /// Duplicate, empty or malformed requirement.
    INVALID_REQUIREMENT = 98, 400, "Invalid job requirement";
    /// A key that is neither ssh nor pgp.
    UNKNOWN_KEY_TYPE = 101, 400, "Unknown key type";
    /// A node name breaks the pattern.
    NODE_NAME_PATTERN = 106, 400, "Node name must respect the following pattern: '^[a-zA-Z0-9._-]{1,}$'";
    /// Running a node whose parents never ran.
    PARENTS_NEVER_RUN = 107, 403, "Cannot run a node if their parents have never been launched";
    /// The default group may only read.
    DEFAULT_GROUP_PERMISSION = 109, 400, "Only read permission is allowed to default group";
    /// Somebody must keep the right to write.
    LAST_GROUP_WRITE = 110, 403, "The last group must have the write permission";
    /// Conditions of a hook or of the root are false.
    CONDITIONS_NOT_OK = 116, 400, "Cannot run this pipeline because launch conditions aren't ok";
    /// A notification names an unknown node.
    NOTIFICATION_NODE = 122, 400, "An invalid workflow node reference has been found";
    /// More than one `model` requirement.
    SEVERAL_MODELS = 123, 400, "Invalid job requirements: you can't select multiple worker models";
    /// More than one `hostname` requirement.
    SEVERAL_HOSTNAMES = 124, 400, "Invalid job requirements: you can't select multiple hostname";
    /// A key's name lacks its prefix.
    KEY_NAME = 125, 400, "Invalid key name. Application key must have prefix 'app-'; environment key must have prefix 'env-'";
    /// The file's pipeline has another name than the one updated.
    PIPELINE_NAME_DIFFERS = 139, 400, "Pipeline name doesn't correspond in your code";
    /// The file's workflow has another name than the one updated.
    WORKFLOW_NAME_DIFFERS = 140, 400, "Workflow name doesn't correspond in your code";
    /// A plain condition has an operator that does not exist.
    BAD_OPERATOR = 143, 400, "Your run conditions have bad operator";
    /// A key of a hook that is not configurable was set.
    HOOK_CONFIG = 145, 400, "Invalid hook configuration";
    /// Granting more than read needs the group's admin.
    NOT_GROUP_ADMIN = 150, 403, "User is not a group's admin";
    /// A payload on a node that is not the root.
    PAYLOAD_NOT_ON_ROOT = 154, 400, "Workflow node which isn't a root node cannot have a default payload";
    /// ssh without key.
    REPOSITORY_STRATEGY = 155, 400, "The repository strategy for your application is not correct";
    /// The workflow is already as-code.
    ALREADY_AS_CODE = 157, 400, "Workflow is already as-code or there is already a pull-request to transform it";
    /// A template does not parse.
    TEMPLATE = 159, 400, "Cannot parse workflow template";
    /// A workflow group that the project does not have.
    GROUP_NOT_IN_PROJECT = 160, 400, "group not in project";
    /// A node group that the workflow does not have.
    GROUP_NOT_IN_WORKFLOW = 161, 400, "group not in workflow";
    /// A workflow level below the project's 7.
    LESS_THAN_PROJECT = 162, 400, "you can't have less rights than in your project when you are in RWX";
    /// The worker model may not be used.
    MODEL_PERMISSION = 165, 400, "Invalid job requirements: unable to use worker model due to permissions";
    /// The worker model lacks a required binary.
    MODEL_BINARY = 166, 400, "Invalid job requirements: worker model doesn't match with the binary requirements";
    /// A script of a wrong type.
    MALFORMATTED_STEP = 167, 400, "Malformatted step";
    /// The application belongs to another repository.
    APPLICATION_OWNED = 169, 403, "You cannot override application from this repository";
    /// The pipeline belongs to another repository.
    PIPELINE_OWNED = 170, 403, "You cannot override pipeline from this repository";
    /// The environment belongs to another repository.
    ENVIRONMENT_OWNED = 171, 403, "You cannot override environment from this repository";
    /// The workflow belongs to another repository.
    WORKFLOW_OWNED = 172, 403, "You cannot override workflow from this repository";
    /// An unknown secret token, or clear text where a token must stand.
    INVALID_SECRET = 173, 400, "Invalid encrypted data";
    /// As-code needs a repository at the root.
    REPOSITORY_MANDATORY = 174, 400, "An application linked to a git repository is mandatory on the workflow root";
    /// A payload key starts with `cds.`.
    PAYLOAD_CDS_KEY = 176, 400, "Your payload cannot contain keys like cds.*";
    /// The resource belongs to another project.
    NOT_IN_PROJECT = 178, 403, "The resource is not attached to the project";
    /// As-code workflows follow their repository.
    NO_RESYNC = 186, 403, "You cannot resynchronize an as-code workflow";
    /// Two nodes have one name.
    DUPLICATE_NODE = 187, 400, "You cannot have same name for different pipelines in your workflow";
    /// The repository could not be read.
    REPOSITORY_SCAN = 191, 500, "Unable to analyse repository";
    /// Uploaded twice, or a version already used.
    CONFLICT = 192, 409, "Data conflict";
    /// The project may not use that region.
    REGION = 196, 500, "Region not allowed";
}

/// The error with number `id`, if there is one.
pub fn by_id(id: u16) -> Option<&'static ErrorId> {
    ALL.iter().find(|e| e.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_unique_and_ascending() {
        assert!(ALL.windows(2).all(|w| w[0].id < w[1].id));
        assert_eq!(by_id(176), Some(&PAYLOAD_CDS_KEY));
        assert_eq!(by_id(1), None);
    }
}
