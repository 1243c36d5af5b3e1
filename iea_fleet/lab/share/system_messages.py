"""What Windows says for a Win32 code, in French and in English, as FormatMessage gives it on Windows 10.

The codes are those that a workstation meets on its way to a file on a share. Source: [MS-ERREF] 2.2 for the codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

FRENCH: Mapping[int, str] = MappingProxyType(
    {
        2: "Le fichier spécifié est introuvable.",
        3: "Le chemin d’accès spécifié est introuvable.",
        5: "Accès refusé.",
        19: "Média protégé en écriture.",
        32: "Le processus ne peut pas accéder au fichier car ce fichier est utilisé par un autre processus.",
        53: "Le chemin réseau n’a pas été trouvé.",
        55: "La ressource ou le périphérique réseau spécifié n’est plus disponible.",
        59: "Erreur réseau inattendue.",
        64: "Le nom réseau spécifié n’est plus disponible.",
        65: "Accès au réseau refusé.",
        67: "Nom de réseau introuvable.",
        71: (
            "Il n’est plus possible d’établir une connexion avec cet ordinateur distant en ce moment car il y a déjà "
            "autant de connexions que l’ordinateur peut en accepter."
        ),
        85: "Nom de périphérique local déjà utilisé.",
        86: "Le mot de passe réseau spécifié est incorrect.",
        112: "Espace insuffisant sur le disque.",
        1201: "Le périphérique n’est pas connecté actuellement, mais il s’agit d’une connexion mémorisée.",
        1219: (
            "Plusieurs connexions à un serveur ou à une ressource partagée par le même utilisateur, en utilisant plus "
            "d’un nom utilisateur, ne sont pas autorisées. Supprimez toutes les connexions précédentes au serveur ou à "
            "la ressource partagée et recommencez."
        ),
        1222: "Soit il n’y a pas de réseau, soit le réseau n’a pas démarré.",
        1223: "L’opération a été annulée par l’utilisateur.",
        1231: (
            "L’emplacement réseau ne peut pas être atteint. Pour obtenir des informations concernant la résolution des "
            "problèmes du réseau, consultez l’aide de Windows."
        ),
        1311: (
            "Nous n’avons pas pu vous connecter avec ces informations d’identification, car votre domaine n’est pas "
            "disponible."
        ),
        1312: "Une ouverture de session spécifiée n’existe pas. Elle est peut-être déjà terminée.",
        1326: "Le nom d’utilisateur ou le mot de passe est incorrect.",
        1327: (
            "Des restrictions de compte d’utilisateur empêchent cet utilisateur de se connecter. Des raisons possibles "
            "sont des mots de passe vides n’étant pas autorisés, des restrictions sur les heures de connexion ou une "
            "restriction de stratégie a été appliquée."
        ),
        1330: "Le mot de passe de ce compte a expiré.",
        1331: "Cet utilisateur ne peut pas se connecter, car ce compte est actuellement désactivé.",
        1394: "Il n’y a pas de clé de session utilisateur pour l’ouverture de session spécifiée.",
        1907: "Le mot de passe de l’utilisateur doit être modifié avant la première connexion.",
        1909: (
            "Le compte référencé est actuellement verrouillé et il se peut qu’il ne soit pas possible de s’y connecter."
        ),
        2138: "Le service Station de travail n’a pas été mis en route.",
        2250: "Cette connexion réseau n’existe pas.",
        10051: "Une opération a été tentée sur un réseau impossible à atteindre.",
        10054: "Une connexion existante a dû être fermée par l’hôte distant.",
        10060: (
            "Une tentative de connexion a échoué car le parti connecté n’a pas répondu convenablement au-delà d’une "
            "certaine durée ou une connexion établie a échoué car l’hôte de connexion n’a pas répondu."
        ),
        10061: ("Aucune connexion n’a pu être établie car l’ordinateur cible l’a expressément refusée."),
        11001: "Hôte inconnu.",
    }
)

ENGLISH: Mapping[int, str] = MappingProxyType(
    {
        2: "The system cannot find the file specified.",
        3: "The system cannot find the path specified.",
        5: "Access is denied.",
        19: "The media is write protected.",
        32: "The process cannot access the file because it is being used by another process.",
        53: "The network path was not found.",
        55: "The specified network resource or device is no longer available.",
        59: "An unexpected network error occurred.",
        64: "The specified network name is no longer available.",
        65: "Network access is denied.",
        67: "The network name cannot be found.",
        71: (
            "No more connections can be made to this remote computer at this time because there are already as many "
            "connections as the computer can accept."
        ),
        85: "The local device name is already in use.",
        86: "The specified network password is not correct.",
        112: "There is not enough space on the disk.",
        1201: "The device is not currently connected but it is a remembered connection.",
        1219: (
            "Multiple connections to a server or shared resource by the same user, using more than one user name, are "
            "not allowed. Disconnect all previous connections to the server or shared resource and try again."
        ),
        1222: "The network is not present or not started.",
        1223: "The operation was canceled by the user.",
        1231: (
            "The network location cannot be reached. For information about network troubleshooting, see Windows Help."
        ),
        1311: "We can't sign you in with this credential because your domain isn't available.",
        1312: "A specified logon session does not exist. It may already have been terminated.",
        1326: "The user name or password is incorrect.",
        1327: (
            "Account restrictions are preventing this user from signing in. For example: blank passwords aren't "
            "allowed, sign-in times are limited, or a policy restriction has been enforced."
        ),
        1330: "The password for this account has expired.",
        1331: "This user can't sign in because this account is currently disabled.",
        1394: "There is no user session key for the specified logon session.",
        1907: "The user's password must be changed before signing in.",
        1909: "The referenced account is currently locked out and may not be logged on to.",
        2138: "The Workstation service has not been started.",
        2250: "This network connection does not exist.",
        10051: "A socket operation was attempted to an unreachable network.",
        10054: "An existing connection was forcibly closed by the remote host.",
        10060: (
            "A connection attempt failed because the connected party did not properly respond after a period of time, "
            "or established connection failed because connected host has failed to respond."
        ),
        10061: "No connection could be made because the target machine actively refused it.",
        11001: "No such host is known.",
    }
)


def system_message(code: int, culture: str) -> str:
    """The system's own sentence.

    Args:
        code: a Win32 or Winsock code; 0 means no error.
        culture: the workstation's, such as `fr-FR`; every other than French speaks English here.

    Returns: empty for 0; for a code that the lab never gives, the code alone in Windows' own form.
    """
    if code == 0:
        return ""
    known = FRENCH if culture.lower().startswith("fr") else ENGLISH
    return known.get(code, f"0x{code:08X}")
